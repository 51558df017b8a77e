/** Who is who in the database, and who may create what. */

/** PostgreSQL's bootstrap superuser. The cluster itself connects with it; no client can. */
export const superuser = "dsql_system";

// TEMPORARY stays with everybody: the rules refuse temporary tables to clients, and a doomed transaction keeps rows it
// can no longer write in one, as its client's role.
export const roles = `
CREATE ROLE admin LOGIN CREATEROLE;
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE postgres TO PUBLIC;
GRANT CREATE ON DATABASE postgres TO admin;
ALTER SCHEMA public OWNER TO ${superuser};
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO admin;
UPDATE pg_database SET datallowconn = false WHERE datname = 'template1'`;
