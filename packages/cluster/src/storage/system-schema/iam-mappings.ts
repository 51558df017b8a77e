/** Which IAM principals may connect as which database role: written by AWS IAM GRANT and REVOKE, read through views. */
import { type ErrorFact, errors } from "@dsql-local/spec";
import { systemRole } from "./roles.ts";

/** @param fact - with `%1$s` where the role stands and `%2$s` where the ARN does */
function raise(fact: ErrorFact): string {
  const hint = fact.hint === undefined ? "" : `, HINT = '${fact.hint}'`;
  return `RAISE EXCEPTION USING ERRCODE = '${fact.sqlstate}', MESSAGE = format('${fact.message}', role_name, principal_arn)${hint}`;
}

const role = "%1$s";
const arn = "%2$s";

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
GRANT SELECT ON pg_dsql.iam_mapping TO ${systemRole};
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
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  mapped pg_roles;
BEGIN
  SELECT * INTO mapped FROM pg_roles WHERE rolname = role_name;
  IF mapped IS NULL THEN
    ${raise(errors.roleMissing(role))};
  END IF;
  IF mapped.rolsuper OR role_name IN ('admin', '${systemRole}') OR starts_with(role_name, 'pg_') THEN
    ${raise(errors.iamRoleNotSupported(role))};
  END IF;
  IF NOT mapped.rolcanlogin THEN
    ${raise(errors.iamRoleCannotLogIn(role))};
  END IF;
  INSERT INTO pg_dsql.iam_mapping (arn, role_oid, grantor_oid)
  SELECT principal_arn, mapped.oid, oid FROM pg_roles WHERE rolname = session_user;
EXCEPTION WHEN unique_violation THEN
  ${raise(errors.iamMappingExists(arn, role))};
END
$$;
CREATE FUNCTION pg_dsql.iam_revoke(role_name text, principal_arn text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
    ${raise(errors.roleMissing(role))};
  END IF;
  DELETE FROM pg_dsql.iam_mapping AS m USING pg_roles AS r
  WHERE r.rolname = role_name AND m.role_oid = r.oid AND m.arn = principal_arn;
  IF NOT FOUND THEN
    ${raise(errors.iamMappingMissing(arn, role))};
  END IF;
END
$$;
REVOKE ALL ON FUNCTION pg_dsql.iam_grant(text, text), pg_dsql.iam_revoke(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_dsql.iam_grant(text, text), pg_dsql.iam_revoke(text, text) TO admin`;
