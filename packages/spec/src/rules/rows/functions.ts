import { sources } from "../../sources.ts";
import { unsupportedTypes } from "../../types.ts";
import type { Rule } from "../rule.ts";

interface RefusedFunctions extends Pick<Rule, "id" | "mark" | "example" | "reason" | "remedy"> {
  readonly names: readonly string[];
}

const advisory = ["lock", "lock_shared", "xact_lock", "xact_lock_shared"];

const refusedFunctions: readonly RefusedFunctions[] = [
  {
    id: "backend-functions",
    names: ["pg_backend_pid", "pg_cancel_backend", "pg_terminate_backend"],
    example: "SELECT pg_backend_pid()",
    reason: "A connection has no server process of its own that SQL could name.",
    remedy: "Leave it out. To stop a statement, close its connection.",
    mark: "measured",
  },
  {
    id: "advisory-locks",
    names: [
      ...advisory.flatMap((name) => [`pg_advisory_${name}`, `pg_try_advisory_${name}`]),
      ...["pg_advisory_unlock", "pg_advisory_unlock_shared", "pg_advisory_unlock_all"],
    ],
    example: "SELECT pg_advisory_lock(1)",
    reason: "Aurora DSQL never waits, so it has no advisory locks.",
    remedy: "Use a row of a table as the lock, and retry on conflict.",
    mark: "measured",
  },
  {
    id: "lastval",
    names: ["lastval"],
    example: "SELECT lastval()",
    reason: "A session does not remember the last sequence it used.",
    remedy: "Use RETURNING: INSERT … RETURNING id gives the value with the row.",
    mark: "documented",
  },
  {
    id: "notify-function",
    names: ["pg_notify"],
    example: "SELECT pg_notify('channel', 'text')",
    reason: "Aurora DSQL has no notifications between sessions.",
    remedy: "Write a row and poll it, or send a message through a queue after COMMIT.",
    mark: "measured",
  },
  {
    id: "size-functions",
    names: [
      ...["pg_table_size", "pg_indexes_size", "pg_total_relation_size", "pg_relation_size"],
      ...["pg_database_size", "pg_tablespace_size"],
    ],
    example: "SELECT pg_table_size('account')",
    reason: "Tables do not lie in files of their own.",
    remedy: "Use sys.cluster_size(), or reltuples in pg_class for an estimate of the rows.",
    mark: "measured",
  },
  {
    id: "large-object-functions",
    names: [
      ...["lo_creat", "lo_create", "lo_open", "lo_close", "lo_lseek", "lo_lseek64", "lo_tell", "lo_tell64"],
      ...["lo_truncate", "lo_truncate64", "lo_unlink", "lo_import", "lo_export"],
      ...["lo_from_bytea", "lo_get", "lo_put", "loread", "lowrite"],
    ],
    example: "SELECT lo_create(0)",
    reason: "Aurora DSQL has no large objects.",
    remedy: "Keep the value in a bytea column, up to 1 MiB, or in S3 and its address here.",
    mark: "measured",
  },
  // A snapshot that another session could import would outlive the transaction here.
  {
    id: "snapshot-export",
    names: ["pg_export_snapshot"],
    example: "SELECT pg_export_snapshot()",
    reason: "A snapshot belongs to one transaction.",
    remedy: "Read what must be consistent within one transaction.",
    mark: "unsure",
  },
];

const called = (names: readonly string[]): Rule["match"] => ({
  node: "FuncCall",
  anywhere: true,
  where: {
    "funcname.-1.String.sval": { oneOf: names },
    "funcname.-2.String.sval": { oneOf: [undefined, "pg_catalog"] },
  },
});

const textSearchFunctions = [
  ...["to_tsvector", "to_tsquery", "plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery"],
  ...["ts_headline", "json_to_tsvector", "jsonb_to_tsvector"],
];

/** PostgreSQL's configurations but for `simple`, the only one that DSQL has. */
const missingConfigurations =
  /^(pg_catalog\.)?(arabic|armenian|basque|catalan|danish|dutch|english|finnish|french|german|greek|hindi|hungarian|indonesian|irish|italian|lithuanian|nepali|norwegian|portuguese|romanian|russian|serbian|spanish|swedish|tamil|turkish|yiddish)$/;

export const functionRules: readonly Rule[] = [
  {
    id: "function-type",
    topic: "functions",
    match: { node: "FunctionType", anywhere: true, where: { name: { oneOf: unsupportedTypes } } },
    example: "CREATE FUNCTION f() RETURNS int4range LANGUAGE sql RETURN int4range(1, 2)",
    reason: "A function takes and gives the types that a column may have, and arrays of them.",
    remedy: "Let it take or give text, two values for a range, or jsonb, and cast within its body.",
    message: "datatype {type} not supported",
    slots: { type: "shown" },
    source: sources.createFunction,
    mark: "unsure",
  },
  ...refusedFunctions.map(({ names, ...texts }): Rule => ({
    topic: "functions",
    match: called(names),
    message: "function {name} not supported",
    slots: { name: "funcname.-1.String.sval" },
    source: sources.skill,
    ...texts,
  })),
  {
    id: "geometric-functions",
    topic: "functions",
    match: called(["point", "line", "lseg", "box", "path", "polygon", "circle"]),
    example: "SELECT point(0, 0)",
    reason: "Aurora DSQL has no geometric types.",
    remedy: "Keep the coordinates in columns of double precision and compute in the application.",
    message: "datatype {name} not supported",
    slots: { name: "funcname.-1.String.sval" },
    source: sources.emulator,
    mark: "measured",
  },
  {
    id: "text-search-configuration",
    topic: "functions",
    match: {
      node: "FuncCall",
      anywhere: true,
      where: {
        "funcname.-1.String.sval": { oneOf: textSearchFunctions },
        args: { countAtLeast: 2 },
        "args.0.A_Const.sval.sval": { matches: missingConfigurations },
      },
    },
    example: "SELECT to_tsvector('english', owner) FROM account",
    reason: "Of the configurations for text search Aurora DSQL has 'simple' only.",
    remedy: "Use the configuration 'simple', or search outside the database.",
    sqlstate: "42704",
    message: 'text search configuration "{name}" does not exist',
    slots: { name: "args.0.A_Const.sval.sval" },
    source: sources.emulator,
    mark: "measured",
  },
];
