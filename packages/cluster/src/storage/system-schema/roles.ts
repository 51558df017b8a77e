/** Who is who in the database, and who may create what. */

/** PostgreSQL's bootstrap superuser. The cluster itself connects with it; no client can, and none sees it. */
export const superuser = "dsql_system";
export const superuserOid = 10;

/** As the service's own documentation prints it: User Guide, "Viewing IAM to database role mappings". */
export const administratorOid = 15_579;

/** PostgreSQL's own objects, and those made before its first start, have lower ones. */
export const firstClientOid = 16_384;

// TEMPORARY stays with everybody: the rules refuse temporary tables to clients, and a doomed transaction keeps rows it
// can no longer write in one, as its client's role.
//
// Backends that run clients' statements bound their temporary space as they start, in the name of their role; index
// builds do not. No client can set it: it is none of the settings that the rules let through.
//
// Three views that PostgreSQL shows to superusers only are documented as usable, and the service's admin is none.
export const roles = `
CREATE ROLE admin LOGIN CREATEROLE;
UPDATE pg_authid SET oid = ${administratorOid} WHERE rolname = 'admin';
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE postgres TO PUBLIC;
GRANT CREATE ON DATABASE postgres TO admin;
ALTER SCHEMA public OWNER TO ${superuser};
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO admin;
GRANT SET ON PARAMETER temp_file_limit TO PUBLIC;
GRANT SELECT ON pg_shadow, pg_backend_memory_contexts, pg_shmem_allocations TO admin;
GRANT EXECUTE ON FUNCTION pg_get_backend_memory_contexts(), pg_get_shmem_allocations() TO admin;
UPDATE pg_database SET datallowconn = false WHERE datname = 'template1'`;
