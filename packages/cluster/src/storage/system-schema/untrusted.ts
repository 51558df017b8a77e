/**
 * What PostgreSQL lets every role do and a client of the cluster must not, even where a statement slips past the rules.
 *
 * Sessions share backends, so whatever outlives a transaction on a backend (advisory locks, LISTEN's counterpart
 * pg_notify, large object descriptors) or reaches another backend (cancel, terminate) would reach another session. And
 * functions that run a statement given as text would run one that the rules have not seen.
 */
export const untrusted = `
DO $$
DECLARE
  forbidden regprocedure;
BEGIN
  FOR forbidden IN
    SELECT oid FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND (
      proname ~ '^pg_(try_)?advisory_' OR
      proname IN ('pg_cancel_backend', 'pg_terminate_backend', 'pg_notify', 'pg_export_snapshot') OR
      proname ~ '^(lo_|loread$|lowrite$)' OR
      proname ~ '^(query|cursor|table|schema|database)_to_xml' OR
      proname = 'ts_stat' OR
      oid = 'ts_rewrite(tsquery, text)'::regprocedure)
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', forbidden);
  END LOOP;
END
$$;
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC`;

const granting = [
  { catalog: "pg_class", acl: "relacl" },
  { catalog: "pg_language", acl: "lanacl" },
  { catalog: "pg_namespace", acl: "nspacl" },
  { catalog: "pg_proc", acl: "proacl" },
];

/**
 * Records what is granted now as what a new database begins with, which initdb has done for PostgreSQL's own: pg_dump
 * writes down what differs from it.
 */
export const initialPrivileges = granting
  .map(
    ({ catalog, acl }) => `
DELETE FROM pg_init_privs WHERE classoid = '${catalog}'::regclass AND objsubid = 0;
INSERT INTO pg_init_privs (objoid, classoid, objsubid, privtype, initprivs)
SELECT oid, '${catalog}'::regclass, 0, 'i', ${acl} FROM ${catalog} WHERE ${acl} IS NOT NULL`,
  )
  .map((each) => each.trim())
  .join(";\n");
