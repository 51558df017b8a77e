/** Names of types: as the parser holds them (`int4`), and as PostgreSQL prints them (`integer[]`). */
import { listOf, namesOf, type TreeNode, unwrap } from "./tree.ts";

export interface ColumnType {
  /** PostgreSQL's internal name; with its schema unless that is pg_catalog. */
  readonly name: string;
  /** As PostgreSQL prints it, without modifiers. */
  readonly shown: string;
  readonly isArray: boolean;
  /** The numbers in parentheses: `varchar(20)`, `numeric(10, 2)`. */
  readonly modifiers: readonly number[];
}

/** Types whose printed name is not their internal one. Source: PostgreSQL's format_type. */
const shownByName: Readonly<Record<string, string>> = {
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  bpchar: "character",
  varchar: "character varying",
  varbit: "bit varying",
  time: "time without time zone",
  timetz: "time with time zone",
  timestamp: "timestamp without time zone",
  timestamptz: "timestamp with time zone",
};

export function columnTypeOf(typeName: TreeNode): ColumnType {
  const names = namesOf(typeName["names"]);
  const name = (names[0] === "pg_catalog" ? names.slice(1) : names).join(".");
  const isArray = typeName["arrayBounds"] !== undefined;
  return {
    name,
    shown: (shownByName[name] ?? name) + (isArray ? "[]" : ""),
    isArray,
    modifiers: listOf(typeName["typmods"]).map(modifierValue),
  };
}

function modifierValue(modifier: unknown): number {
  const constant = unwrap(modifier)?.fields["ival"] as TreeNode | undefined;
  const value = constant?.["ival"];
  return typeof value === "number" ? value : 0;
}
