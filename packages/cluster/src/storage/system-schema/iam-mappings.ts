/** Which IAM principals may connect as which database role: written by AWS IAM GRANT and REVOKE, read through views. */

// The talk's first edition lists the mappings with a function of the preview; the service has a view since.
export const iamMappings = `
CREATE SEQUENCE pg_dsql.iam_oid AS bigint MINVALUE 16384 MAXVALUE 4294967295;
CREATE TABLE pg_dsql.iam_mapping (
  iam_oid oid PRIMARY KEY DEFAULT nextval('pg_dsql.iam_oid')::oid,
  arn text NOT NULL,
  role_oid oid NOT NULL,
  grantor_oid oid NOT NULL,
  UNIQUE (arn, role_oid)
);
CREATE INDEX iam_mapping_by_role ON pg_dsql.iam_mapping (role_oid);
CREATE VIEW sys.iam_pg_role_mappings AS
  SELECT m.iam_oid, m.arn, m.role_oid AS pg_role_oid, r.rolname AS pg_role_name,
         m.grantor_oid AS grantor_pg_role_oid, g.rolname AS grantor_pg_role_name
  FROM pg_dsql.iam_mapping AS m
  JOIN pg_roles AS r ON r.oid = m.role_oid
  LEFT JOIN pg_roles AS g ON g.oid = m.grantor_oid;
GRANT SELECT ON sys.iam_pg_role_mappings TO PUBLIC;
CREATE SCHEMA aws_dsql;
GRANT USAGE ON SCHEMA aws_dsql TO PUBLIC;
CREATE FUNCTION aws_dsql.list_iam_principal_database_role_authorizations()
RETURNS TABLE (iam_oid oid, arn text, pg_role_oid oid, pg_role_name name, grantor_pg_role_oid oid, grantor_pg_role_name name)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT m.iam_oid, m.arn, m.pg_role_oid, m.pg_role_name, m.grantor_pg_role_oid, m.grantor_pg_role_name
  FROM sys.iam_pg_role_mappings AS m;
END;
CREATE FUNCTION pg_dsql.iam_grant(role_name text, principal_arn text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  mapped pg_roles;
BEGIN
  SELECT * INTO mapped FROM pg_roles WHERE rolname = role_name;
  IF mapped IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = '42704', MESSAGE = format('role "%s" does not exist', role_name);
  END IF;
  IF mapped.rolsuper OR role_name = 'admin' OR starts_with(role_name, 'pg_') THEN
    RAISE EXCEPTION USING ERRCODE = '0A000', MESSAGE = format('Role %s not supported', role_name);
  END IF;
  IF NOT mapped.rolcanlogin THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('role %s must have the LOGIN attribute', role_name);
  END IF;
  INSERT INTO pg_dsql.iam_mapping (arn, role_oid, grantor_oid)
  SELECT principal_arn, mapped.oid, oid FROM pg_roles WHERE rolname = session_user;
EXCEPTION WHEN unique_violation THEN
  RAISE EXCEPTION USING ERRCODE = '42710',
    MESSAGE = format('IAM role %s is already mapped to role %s', principal_arn, role_name);
END
$$;
CREATE FUNCTION pg_dsql.iam_revoke(role_name text, principal_arn text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  DELETE FROM pg_dsql.iam_mapping AS m USING pg_roles AS r
  WHERE r.rolname = role_name AND m.role_oid = r.oid AND m.arn = principal_arn;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '42704',
      MESSAGE = format('IAM role %s is not mapped to role %s', principal_arn, role_name);
  END IF;
END
$$;
REVOKE ALL ON FUNCTION pg_dsql.iam_grant(text, text), pg_dsql.iam_revoke(text, text) FROM PUBLIC;
GRANT USAGE ON SCHEMA pg_dsql TO admin;
GRANT EXECUTE ON FUNCTION pg_dsql.iam_grant(text, text), pg_dsql.iam_revoke(text, text) TO admin`;
