/** Who is who in the database, and who may create what. */
import { superuser, systemRole } from "../../base/index.ts";

/**
 * PostgreSQL's bootstrap superuser. It owns what the system has made, and nobody can connect as it: only single-user mode
 * runs statements in its name, while storage is prepared. No client sees it.
 */
export { superuser };
export const superuserOid = 10;

/** Whom the cluster itself connects as: no superuser, and owner of nothing. No client can, and none sees it. */
export { systemRole };
export const systemRoleOid = 15_580;

/** As the service's own documentation prints it: User Guide, "Viewing IAM to database role mappings". */
export const administratorOid = 15_579;

/**
 * Roles of the service's own that pg_roles shows, and whom nobody can be: the owner of the database, shown as a superuser,
 * and one with a name that PostgreSQL keeps for itself. Source: https://github.com/winebarrel/pistachio, recording of 2026-10-10.
 */
export const databaseOwner = "dbowner";
const databaseOwnerOid = 15_581;
const diagnosticRole = "pg_dsql_diagnostic";
const diagnosticRoleOid = 15_582;

/** PostgreSQL's own objects, and those made before its first start, have lower ones. */
export const firstClientOid = 16_384;

/**
 * Where PostgreSQL listens on TCP it asks everybody for a password. The system gives each role one that only it knows, so
 * that a session is its role's from the start and has never been anybody else's.
 */
const givePassword = `
CREATE FUNCTION pg_dsql.give_password(role_name text, password text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_authid WHERE rolname = role_name AND NOT rolsuper) THEN
    RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = format('role "%s" is given no password', role_name);
  END IF;
  EXECUTE format('ALTER ROLE %I PASSWORD %L', role_name, password);
END
$$;
REVOKE ALL ON FUNCTION pg_dsql.give_password(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_dsql.give_password(text, text) TO ${systemRole}`;

// TEMPORARY stays with everybody: the rules refuse temporary tables to clients, and a doomed transaction keeps rows it
// can no longer write in one, as its client's role.
//
// Backends that run clients' statements bound their temporary space as they start, in the name of their role; index
// builds do not. No client can set it: it is none of the settings that the rules let through.
//
// The system's own role reads catalogs, statistics and names in any schema; what it writes are the tables of the system's that
// are granted to it where they are made.
//
// Three views that PostgreSQL shows to superusers only are documented as usable, and the service's admin is none.
export const roles = `
CREATE ROLE admin LOGIN CREATEROLE;
UPDATE pg_authid SET oid = ${administratorOid} WHERE rolname = 'admin';
CREATE ROLE ${databaseOwner};
UPDATE pg_authid SET oid = ${databaseOwnerOid} WHERE rolname = '${databaseOwner}';
CREATE ROLE dsql_diagnostic;
UPDATE pg_authid SET oid = ${diagnosticRoleOid}, rolname = '${diagnosticRole}' WHERE rolname = 'dsql_diagnostic';
CREATE ROLE ${systemRole} LOGIN;
UPDATE pg_authid SET oid = ${systemRoleOid} WHERE rolname = '${systemRole}';
GRANT pg_monitor, pg_read_all_data TO ${systemRole};
${givePassword.trim()};
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
