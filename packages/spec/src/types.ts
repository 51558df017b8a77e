/**
 * Types of columns: which are taken, which may be part of a key, which are refused. Names are PostgreSQL's internal ones
 * (`int4`, `bpchar`).
 *
 * Source: Aurora DSQL User Guide, "Supported data types"; https://github.com/Dreamescaper/dsql-emulator (recordings).
 */
import { sources } from "./sources.ts";

export interface SupportedType {
  readonly name: string;
  /** Whether a primary key, a unique constraint or an index may hold it. */
  readonly canBeKey: boolean;
  /** ISO date since which a column may have the type; missing: always. */
  readonly since?: string;
  /** ISO date since which a key may; missing: as long as a column may. */
  readonly keySince?: string;
  readonly source: string;
}

const key = (name: string): SupportedType => ({ name, canBeKey: true, source: sources.types });
const noKey = (name: string): SupportedType => ({ name, canBeKey: false, source: sources.types });

export const supportedTypes: readonly SupportedType[] = [
  key("int2"),
  key("int4"),
  key("int8"),
  key("float4"),
  key("float8"),
  { ...key("numeric"), keySince: "2026-02-03" },
  key("bpchar"),
  key("varchar"),
  key("text"),
  key("date"),
  key("time"),
  noKey("timetz"),
  key("timestamp"),
  key("timestamptz"),
  noKey("interval"),
  key("bool"),
  key("uuid"),
  noKey("bytea"),
  { ...noKey("json"), since: "2026-05-04", source: sources.releases },
  { ...noKey("jsonb"), since: "2026-06-08", source: sources.releases },
];

/** PostgreSQL's other types: usable within queries, but not as the type of a column. */
export const unsupportedTypes: readonly string[] = [
  // Measured.
  ...["money", "xml", "inet", "cidr", "macaddr", "macaddr8", "bit", "varbit", "pg_lsn"],
  ...["point", "line", "lseg", "box", "path", "polygon", "circle", "tsvector", "tsquery"],
  ...["int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"],
  ...[
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "tsmultirange",
    "tstzmultirange",
    "datemultirange",
  ],
  // By pattern: PostgreSQL's internal types.
  ...[
    "name",
    "char",
    "oid",
    "xid",
    "xid8",
    "cid",
    "tid",
    "oidvector",
    "int2vector",
    "jsonpath",
    "aclitem",
    "refcursor",
  ],
  ...[
    "txid_snapshot",
    "pg_snapshot",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
  ],
  ...["regoper", "regoperator", "regproc", "regprocedure", "regrole", "regtype"],
];

/** Names that PostgreSQL's CREATE TABLE knows as shorthands for an integer with a sequence. DSQL does not know them. */
export const serialTypes: readonly string[] = [
  "serial",
  "serial2",
  "serial4",
  "serial8",
  "smallserial",
  "bigserial",
];
