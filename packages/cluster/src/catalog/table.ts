/** A table as the coordinator knows it: columns, keys, indexes, checks; and how PostgreSQL is asked for it. */
import { quoteName, textArray } from "@dsql-local/sql";
import { type ForeignKey, foreignKeysQuery } from "./foreign-key.ts";

export interface Column {
  readonly name: string;
  /** As `format_type` writes it: `character varying(30)`. */
  readonly type: string;
  readonly isNotNull: boolean;
  /** Its default, or that of its identity, differs from call to call. */
  readonly hasVolatileDefault: boolean;
  readonly isGenerated: boolean;
  readonly isIdentity: boolean;
  readonly isIdentityAlways: boolean;
  /** Every value takes as many bytes. */
  readonly isFixed: boolean;
  /** What PostgreSQL writes for a value depends on the session's settings: dates, intervals, digits of a float. */
  readonly isWrittenBySettings: boolean;
  /** A value takes at most so many; undefined: there is no bound but the service's. */
  readonly bytesMax: number | undefined;
}

export interface Check {
  readonly name: string;
  /** The condition with its parentheses: `(balance >= 0)`. */
  readonly condition: string;
}

export interface Index {
  readonly isPrimary: boolean;
  /** Key columns by name; what is computed by an expression is left out. */
  readonly columns: readonly string[];
}

export interface UniqueKey {
  readonly index: string;
  /** What the key is made of, as SQL over the table's columns: names, or expressions in parentheses. */
  readonly expressions: readonly string[];
  /** Those that are columns, by name. */
  readonly columns: readonly string[];
  /** The rows that it counts for, as SQL; undefined: all. */
  readonly predicate?: string | undefined;
  /** Two nulls are the same. */
  readonly nullsNotDistinct: boolean;
}

export interface Table {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  readonly uniqueKeys: readonly UniqueKey[];
  /** Some of them are over expressions or parts of the table: which columns change them cannot be told. */
  readonly hasOtherUniqueIndex: boolean;
  readonly indexes: readonly Index[];
  readonly checks: readonly Check[];
  /** From this table and to it. */
  readonly foreignKeys: readonly ForeignKey[];
  /** Foreign keys of other tables change their rows when rows go from here, or when keys change here. */
  readonly cascadesOn: { readonly delete: boolean; readonly update: boolean };
}

export { quoteName, textArray };

/** `"schema"."name"`. */
export function qualifiedName(table: { schema: string; name: string }): string {
  return `${quoteName(table.schema)}.${quoteName(table.name)}`;
}

/** Names, quoted, of the columns that a row is written with: none where all are generated, or there are none. */
export function writtenColumns(table: Table): readonly string[] {
  return table.columns.filter((column) => !column.isGenerated).map((column) => quoteName(column.name));
}

/**
 * The text of a whole row, from which it is read again: the same under whatever settings it is written and read.
 *
 * @param row - of the table's row type
 */
export function imageOf(table: Table, row: string): string {
  return table.columns.some(({ isWrittenBySettings }) => isWrittenBySettings)
    ? `pg_catalog.textin(pg_dsql.row_text(${row}))`
    : `(${row})::pg_catalog.text`;
}

/**
 * The beginning of an INSERT that writes rows as they are, up to the source of its SELECT.
 *
 * @param into - the table, or a copy of it
 * @param row - an alias of the source in front of each column, with its point
 */
export function insertRows(table: Table, into: string, row = ""): string {
  const written = writtenColumns(table);
  // PostgreSQL takes an empty list after SELECT, and none in parentheses.
  if (written.length === 0) return `INSERT INTO ${into} SELECT`;
  const values = written.map((column) => row + column);
  return `INSERT INTO ${into} (${written.join(", ")}) OVERRIDING SYSTEM VALUE SELECT ${values.join(", ")}`;
}

/** @param found - the answer to `tableQuery` */
export function tableOf(found: string, volatileFunctions: ReadonlySet<string>): Table {
  const raw = JSON.parse(found) as RawTable;
  return {
    ...raw,
    uniqueKeys: raw.uniqueKeys.map(({ predicate, ...key }) => ({
      ...key,
      predicate: predicate ?? undefined,
    })),
    hasOtherUniqueIndex: raw.uniqueKeys.some(
      ({ columns, expressions, predicate }) => predicate !== null || columns.length < expressions.length,
    ),
    columns: raw.columns.map(({ defaultExpression, identity, bytesMax, ...column }) => ({
      ...column,
      bytesMax: bytesMax ?? undefined,
      hasVolatileDefault: identity !== "" || callsAny(defaultExpression ?? "", volatileFunctions),
      isIdentity: identity !== "",
      isIdentityAlways: identity === "a",
    })),
  };
}

interface RawTable extends Omit<Table, "columns" | "uniqueKeys" | "hasOtherUniqueIndex"> {
  readonly uniqueKeys: readonly (Omit<UniqueKey, "predicate"> & { readonly predicate: string | null })[];
  readonly columns: readonly (Omit<
    Column,
    "hasVolatileDefault" | "isIdentity" | "isIdentityAlways" | "bytesMax"
  > & {
    defaultExpression: string | null;
    identity: string;
    bytesMax: number | null;
  })[];
}

/** Whether a text calls one of the functions; a name in a comment or a string counts, too. */
export function callsAny(text: string, functions: ReadonlySet<string>): boolean {
  const lower = text.toLowerCase();
  for (const match of lower.matchAll(/([a-z_][a-z0-9_$]*)"?\s*\(/g)) {
    if (functions.has(match[1] ?? "")) return true;
  }
  // Of a name that needs quotes the pattern has found the last word alone.
  for (const name of functions) if (!isPlain(name) && lower.includes(name)) return true;
  return false;
}

/** A name in small letters that needs no quotes. */
export function isPlain(name: string): boolean {
  return /^[a-z_][a-z0-9_$]*$/.test(name);
}

// A character takes up to four bytes in UTF-8; a decimal digit half a byte.
const bytesMax = `CASE
  WHEN t.typlen > 0 THEN t.typlen
  WHEN t.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN 4 * (a.atttypmod - 4) + 4
  WHEN t.typname = 'numeric' AND a.atttypmod > 4 THEN (((a.atttypmod - 4) >> 16) & 65535) / 2 + 12
  WHEN t.typname = 'numeric' THEN 510 END`;

// A domain may be over any of them.
const isWrittenBySettings = `(t.typtype <> 'b' OR t.typname IN
  ('float4', 'float8', 'date', 'timestamp', 'timestamptz', 'interval'))`;

/** Asks for one table: `$1` schemas in the order in which they are looked through, `$2` its name. */
export const tableQuery = `
SELECT json_build_object(
  'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname,
  'columns', coalesce((
    SELECT json_agg(json_build_object(
      'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'isNotNull', a.attnotnull,
      'isGenerated', a.attgenerated <> '', 'identity', a.attidentity,
      'isFixed', t.typlen > 0, 'isWrittenBySettings', ${isWrittenBySettings}, 'bytesMax', ${bytesMax},
      'defaultExpression', pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
  'primaryKey', coalesce((
    SELECT json_agg(a.attname ORDER BY k.place)
    FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place), pg_attribute a
    WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts
      AND a.attrelid = c.oid AND a.attnum = k.attnum), '[]'),
  'uniqueKeys', coalesce((
    SELECT json_agg(json_build_object(
      'index', ic.relname,
      'expressions', (
        SELECT json_agg(pg_get_indexdef(i.indexrelid, place, true) ORDER BY place)
        FROM generate_series(1, i.indnkeyatts::int) AS key(place)),
      'columns', coalesce((
        SELECT json_agg(a.attname ORDER BY k.place)
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place), pg_attribute a
        WHERE k.place <= i.indnkeyatts AND a.attrelid = c.oid AND a.attnum = k.attnum), '[]'),
      'predicate', pg_get_expr(i.indpred, i.indrelid),
      'nullsNotDistinct', i.indnullsnotdistinct) ORDER BY ic.oid)
    FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisready), '[]'),
  'indexes', coalesce((
    SELECT json_agg(json_build_object('isPrimary', i.indisprimary, 'columns', coalesce((
      SELECT json_agg(a.attname ORDER BY k.place)
      FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place), pg_attribute a
      WHERE k.place <= i.indnkeyatts AND a.attrelid = c.oid AND a.attnum = k.attnum), '[]')))
    FROM pg_index i WHERE i.indrelid = c.oid AND i.indislive), '[]'),
  'checks', coalesce((
    SELECT json_agg(json_build_object('name', k.conname, 'condition', pg_get_expr(k.conbin, k.conrelid)))
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'), '[]'),
  'foreignKeys', (${foreignKeysQuery}),
  'cascadesOn', (
    SELECT json_build_object(
      'delete', coalesce(bool_or(k.confdeltype IN ('c', 'n', 'd')), false),
      'update', coalesce(bool_or(k.confupdtype IN ('c', 'n', 'd')), false))
    FROM pg_constraint k WHERE k.confrelid = c.oid AND k.contype = 'f'))
FROM unnest($1::text[]) WITH ORDINALITY AS path(schema, place)
JOIN pg_namespace n ON n.nspname = path.schema
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $2::text
WHERE c.relkind = 'r'
ORDER BY path.place LIMIT 1`;
