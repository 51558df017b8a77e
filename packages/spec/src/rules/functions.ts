import { sources } from "../sources.ts";
import type { Rule } from "./rule.ts";

interface RefusedFunctions {
  readonly id: string;
  readonly names: readonly string[];
  readonly mark: Rule["mark"];
  readonly hint?: string;
}

const advisory = ["lock", "lock_shared", "xact_lock", "xact_lock_shared"];

const refusedFunctions: readonly RefusedFunctions[] = [
  {
    id: "backend-functions",
    names: ["pg_backend_pid", "pg_cancel_backend", "pg_terminate_backend"],
    mark: "measured",
  },
  {
    id: "advisory-locks",
    names: [
      ...advisory.flatMap((name) => [`pg_advisory_${name}`, `pg_try_advisory_${name}`]),
      ...["pg_advisory_unlock", "pg_advisory_unlock_shared", "pg_advisory_unlock_all"],
    ],
    mark: "measured",
    hint: "Aurora DSQL has no advisory locks. Use a row of a table as the lock, and retry on conflict.",
  },
  {
    id: "lastval",
    names: ["lastval"],
    mark: "documented",
    hint: "Use RETURNING, or currval() with the sequence's name.",
  },
  { id: "notify-function", names: ["pg_notify"], mark: "measured" },
  {
    id: "size-functions",
    names: [
      ...["pg_table_size", "pg_indexes_size", "pg_total_relation_size", "pg_relation_size"],
      ...["pg_database_size", "pg_tablespace_size"],
    ],
    mark: "measured",
    hint: "Use sys.cluster_size().",
  },
  {
    id: "large-object-functions",
    names: [
      ...["lo_creat", "lo_create", "lo_open", "lo_close", "lo_lseek", "lo_lseek64", "lo_tell", "lo_tell64"],
      ...[
        "lo_truncate",
        "lo_truncate64",
        "lo_unlink",
        "lo_import",
        "lo_export",
        "lo_from_bytea",
        "lo_get",
        "lo_put",
      ],
      ...["loread", "lowrite"],
    ],
    mark: "measured",
    hint: "Keep the value in a bytea column, up to 1 MiB.",
  },
  // A snapshot that another session could import would outlive the transaction here.
  { id: "snapshot-export", names: ["pg_export_snapshot"], mark: "unsure" },
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
  ...refusedFunctions.map(({ id, names, mark, hint }): Rule => ({
    id,
    topic: "functions",
    match: called(names),
    message: "function {name} not supported",
    slots: { name: "funcname.-1.String.sval" },
    ...(hint !== undefined && { hint }),
    source: sources.skill,
    mark,
  })),
  {
    id: "geometric-functions",
    topic: "functions",
    match: called(["point", "line", "lseg", "box", "path", "polygon", "circle"]),
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
    sqlstate: "42704",
    message: 'text search configuration "{name}" does not exist',
    slots: { name: "args.0.A_Const.sval.sval" },
    hint: "Aurora DSQL has the configuration 'simple' only.",
    source: sources.emulator,
    mark: "measured",
  },
];
