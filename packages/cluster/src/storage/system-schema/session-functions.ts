/**
 * PostgreSQL's functions that change or show what a backend remembers beyond a transaction. Sessions take turns on backends, so
 * each of these is taken away from clients, and one of the same name stands in its place.
 *
 * set_config() can be called from anywhere: a view, a column's default, a check, a function's body, with a name that is computed.
 * So it is judged where it runs, by the list of settings that a session may set, and it announces each change to the cluster, in
 * a notice that no setting holds back and no client sees: the change then follows its session, and not the backend.
 *
 * Tests: test/session-state-settings.test.ts.
 */
import { errors, settableSettings } from "@dsql-local/spec";
import { quoteLiteral } from "@dsql-local/sql";
import { announcement } from "../../base/index.ts";
import { systemRole } from "./roles.ts";

/** A function that clients may no longer call, and what they call in its place. */
interface Replaced {
  readonly name: string;
  /** Of PostgreSQL's function. */
  readonly oid: number;
  /** Arguments, by name: `seed double precision`. */
  readonly takes: string;
  readonly gives: string;
  readonly is: string;
  /** A call of PL/pgSQL of the cluster's own, whose text no client shall read: it is called with the rights of the system. */
  readonly instead: string;
}

/**
 * PostgreSQL calls its own functions by oid, so views and rules that call one still do; whoever names it finds the other. Only
 * the superuser may call it any more.
 */
const replace = ({ name, oid, takes, gives, is, instead }: Replaced): string => `
UPDATE pg_proc SET proname = 'original_${name}', pronamespace = 'pg_dsql'::regnamespace WHERE oid = ${oid};
REVOKE EXECUTE ON FUNCTION pg_dsql.original_${name} FROM PUBLIC;
CREATE FUNCTION pg_catalog.${name}(${takes}) RETURNS ${gives} LANGUAGE sql ${is} SECURITY DEFINER RETURN ${instead}`;

/** Names by which PostgreSQL keeps them: those that it lacks have a prefix. */
const settable = settableSettings.map(({ name, initial }) => ({
  name,
  kept: initial === undefined || name.startsWith("dsql.") ? name : `dsql.${name}`,
  isSwitch: initial !== undefined,
}));

const { sqlstate, message } = errors.settingNotSupported("%s");
const encoding = errors.encodingNotSupported("%s");

// Names in a body behind RETURN are looked up when it is created, those in PL/pgSQL in the search path of whoever calls: they
// are written out, and it has no operators.
const settings = `
CREATE FUNCTION pg_dsql.settable(setting text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE lower(setting) ${settable.map(({ name, kept }) => `WHEN '${name}' THEN '${kept}'`).join(" ")} END;
CREATE FUNCTION pg_dsql.refused_value(setting text, value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN setting = 'client_encoding' AND lower(regexp_replace(value, '[^A-Za-z0-9]', '', 'g')) NOT IN ('utf8', 'unicode', 'sqlascii')
    THEN format(${quoteLiteral(encoding.message)}, upper(value))
  WHEN setting IN (${settable
    .filter(({ isSwitch }) => isSwitch)
    .map(({ kept }) => `'${kept}'`)
    .join(", ")})
    AND lower(btrim(value)) !~ '^(1|0|on|off?|t|tr|tru|true|y|ye|yes|f|fa|fal|fals|false|n|no)$'
    THEN format('parameter "%s" requires a Boolean value', setting) END;
CREATE FUNCTION pg_dsql.set_config(setting_name text, new_value text, is_local boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  setting text := pg_dsql.settable(setting_name);
  refused text := pg_dsql.refused_value(setting, new_value);
BEGIN
  IF setting IS NULL AND setting_name IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '${sqlstate}', MESSAGE = pg_catalog.format(${quoteLiteral(message)}, setting_name),
      HINT = ${quoteLiteral(`set_config() takes ${settableSettings.map(({ name }) => name).join(", ")}.`)};
  ELSIF refused IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = refused;
  END IF;
  RAISE INFO USING ERRCODE = '${announcement.settings}', MESSAGE = 'a setting is changed';
  RETURN pg_dsql.original_set_config(setting, new_value, is_local);
END
$$`;

/** What they are for: backend/sequence-values.ts. */
const sequences = `
CREATE FUNCTION pg_dsql.kept_value(sequence regclass) RETURNS bigint LANGUAGE sql STABLE
RETURN substring(current_setting('dsql.sequence_values', true) FROM ',' || sequence::oid || '=(-?[0-9]+)')::bigint;
CREATE FUNCTION pg_dsql.currval(sequence regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  kept bigint;
BEGIN
  RETURN pg_dsql.original_currval(sequence);
EXCEPTION WHEN object_not_in_prerequisite_state THEN
  kept := pg_dsql.kept_value(sequence);
  IF kept IS NULL THEN
    RAISE;
  END IF;
  RETURN kept;
END
$$;
UPDATE pg_proc SET proname = 'original_currval', pronamespace = 'pg_dsql'::regnamespace WHERE oid = 1575;
CREATE FUNCTION pg_catalog.currval(regclass) RETURNS bigint LANGUAGE sql VOLATILE STRICT RETURN pg_dsql.currval($1);
REVOKE EXECUTE ON FUNCTION lastval FROM PUBLIC;
CREATE FUNCTION pg_dsql.sequences_used() RETURNS SETOF oid LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT DISTINCT l.relation
  FROM pg_lock_status() AS l JOIN pg_class AS c ON c.oid = l.relation
  WHERE c.relkind = 'S' AND l.pid = pg_backend_pid() AND l.mode = 'RowExclusiveLock';
END;
CREATE FUNCTION pg_dsql.sequence_values() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  sequence oid;
  result text := '';
BEGIN
  FOR sequence IN SELECT pg_dsql.sequences_used() LOOP
    BEGIN
      result := pg_catalog.concat(result, ',', sequence, '=', pg_dsql.original_currval(sequence));
    EXCEPTION WHEN object_not_in_prerequisite_state THEN
      NULL; -- Set by setval() to a value that it has yet to give.
    END;
  END LOOP;
  RETURN result;
END
$$`;

const seed = `
CREATE FUNCTION pg_dsql.setseed(seed double precision) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE INFO USING ERRCODE = '${announcement.seed}', MESSAGE = 'random() is seeded';
  PERFORM pg_dsql.original_setseed(seed);
END
$$`;

/** Makes one in the place of PostgreSQL's, with the same arguments and columns. */
const putAside = `
CREATE PROCEDURE pg_dsql.put_aside(function oid, name text, kind text, body text) LANGUAGE plpgsql AS $$
DECLARE
  arguments text := pg_get_function_arguments(function);
BEGIN
  UPDATE pg_proc SET proname = 'original_' || name, pronamespace = 'pg_dsql'::regnamespace WHERE oid = function;
  EXECUTE format('REVOKE EXECUTE ON FUNCTION pg_dsql.%I FROM PUBLIC, admin, pg_read_all_stats', 'original_' || name);
  EXECUTE format('CREATE FUNCTION pg_catalog.%I(%s) RETURNS SETOF record LANGUAGE sql %s BEGIN ATOMIC %s; END',
    name, arguments, kind, body);
END
$$`;

interface ShownRows {
  readonly oid: number;
  readonly name: string;
  readonly is: string;
  readonly body: string;
}

const callPutAside = ({ oid, name, is, body }: ShownRows): string =>
  `CALL pg_dsql.put_aside(${oid}, '${name}', '${is}', ${quoteLiteral(body)})`;

/** Rows of other processes: each session sees those of its own. */
const ownRows = (name: string, takes: string): string =>
  `SELECT * FROM pg_dsql.original_${name}(${takes}) AS t WHERE t.pid = pg_backend_pid() OR pg_dsql.is_cluster()`;

/** What the session says of itself, in a setting, to a statement that asks: session/session-objects.ts. */
const told = (setting: string, columns: string): string =>
  `FROM jsonb_to_recordset(COALESCE(NULLIF(current_setting('dsql.${setting}', true), ''), '[]')::jsonb) AS t(${columns})`;

/** PostgreSQL's functions that give a row for each process, or for what this one holds. */
const shownRows: readonly ShownRows[] = [
  {
    oid: 1371,
    name: "pg_lock_status",
    is: "VOLATILE SECURITY DEFINER",
    body: ownRows("pg_lock_status", ""),
  },
  {
    oid: 2022,
    name: "pg_stat_get_activity",
    is: "STABLE SECURITY DEFINER",
    body: ownRows("pg_stat_get_activity", "$1"),
  },
  {
    oid: 3318,
    name: "pg_stat_get_progress_info",
    is: "STABLE STRICT SECURITY DEFINER",
    body: ownRows("pg_stat_get_progress_info", "$1"),
  },
  // Contexts of PostgreSQL's memory are named by texts and functions that any session has used.
  {
    oid: 2282,
    name: "pg_get_backend_memory_contexts",
    is: "VOLATILE SECURITY DEFINER",
    body: `SELECT t.name, NULL::text, t.parent, t.level, t.total_bytes, t.total_nblocks, t.free_bytes, t.free_chunks, t.used_bytes
      FROM pg_dsql.original_pg_get_backend_memory_contexts() AS t`,
  },
  {
    oid: 2510,
    name: "pg_prepared_statement",
    is: "STABLE",
    body: `SELECT t.name, t.statement, t.prepare_time, t.parameter_types::regtype[], t.result_types::regtype[], false, 0::bigint, 0::bigint
      ${told("prepared_statements", "name text, statement text, prepare_time timestamptz, parameter_types oid[], result_types oid[]")}`,
  },
  {
    oid: 2511,
    name: "pg_cursor",
    is: "STABLE",
    body: `SELECT t.name, t.statement, false, t.is_binary, false, t.creation_time
      ${told("cursors", "name text, statement text, is_binary boolean, creation_time timestamptz")}`,
  },
];

/** Views call functions by oid: those over the functions that were put aside are defined anew over what stands in their place. */
const viewsOverThem = `
DO $$
DECLARE
  system_view record;
BEGIN
  SET LOCAL search_path TO pg_catalog;
  FOR system_view IN
    SELECT c.oid, c.relname, pg_dsql.original_pg_get_viewdef(c.oid) AS definition
    FROM pg_class AS c
    WHERE c.relkind = 'v' AND c.relnamespace = 'pg_catalog'::regnamespace
      AND pg_dsql.original_pg_get_viewdef(c.oid) ~ 'pg_dsql.original_pg_(lock_status|stat_get_|get_backend_memory)'
  LOOP
    EXECUTE format('CREATE OR REPLACE VIEW pg_catalog.%I AS %s', system_view.relname,
      regexp_replace(system_view.definition, 'pg_dsql.original_(pg_(lock_status|stat_get_|get_backend_memory))', 'pg_catalog.\\1', 'g'));
  END LOOP;
  RESET search_path;
END
$$;
CREATE OR REPLACE VIEW pg_catalog.pg_prepared_statements AS SELECT * FROM pg_catalog.pg_prepared_statement();
CREATE OR REPLACE VIEW pg_catalog.pg_cursors AS SELECT * FROM pg_catalog.pg_cursor();
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_get_backend_memory_contexts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_get_backend_memory_contexts() TO admin, pg_read_all_stats`;

/** What is left of other processes: by number, and of those that wait. */
const otherProcesses = `
DO $$
DECLARE
  forbidden regprocedure;
BEGIN
  FOR forbidden IN
    SELECT oid FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND (proname ~ '^pg_stat_get_backend_' OR proname IN
      ('pg_blocking_pids', 'pg_safe_snapshot_blocking_pids', 'pg_isolation_test_session_is_blocked'))
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', forbidden);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO ${systemRole}', forbidden);
  END LOOP;
END
$$`;

export const sessionFunctions = [
  settings,
  replace({
    name: "set_config",
    oid: 2078,
    takes: "setting_name text, new_value text, is_local boolean",
    gives: "text",
    is: "VOLATILE",
    instead: "pg_dsql.set_config(setting_name, new_value, is_local)",
  }),
  "REVOKE EXECUTE ON FUNCTION pg_dsql.set_config FROM PUBLIC",
  sequences,
  seed,
  replace({
    name: "setseed",
    oid: 1599,
    takes: "double precision",
    gives: "void",
    is: "VOLATILE STRICT",
    instead: "pg_dsql.setseed($1)",
  }),
  putAside,
  ...shownRows.map(callPutAside),
  viewsOverThem,
  otherProcesses,
  "DROP PROCEDURE pg_dsql.put_aside",
]
  .map((each) => each.trim())
  .join(";\n");
