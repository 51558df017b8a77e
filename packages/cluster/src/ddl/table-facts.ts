/** What the catalog says of a table, as far as DDL is judged by it. */
import type { KnownType, ObjectName } from "../sql/index.ts";
import { textArray } from "../catalog/index.ts";

/** Runs one of the cluster's own statements, within a transaction or outside. @returns the rows */
export type Ask = (
  text: string,
  values: readonly string[],
) => Promise<readonly (readonly (string | null)[])[]>;

export interface ColumnFacts {
  readonly name: string;
  readonly type: KnownType;
}

export interface TableFacts {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ColumnFacts[];
  /** Columns of the primary key; empty without one. */
  readonly primaryKey: readonly string[];
  /** Name of the primary key's constraint. */
  readonly primaryKeyName: string | null;
  /** Of all indexes, valid or not: the columns and expressions that are their keys. */
  readonly keys: readonly (readonly ColumnFacts[])[];
  /** Extended statistics. */
  readonly statistics: number;
}

/** @returns undefined for what is not an ordinary table, or is not there */
export async function tableFacts(
  ask: Ask,
  table: ObjectName,
  searchPath: readonly string[],
): Promise<TableFacts | undefined> {
  const rows = await ask(factsQuery, [schemasOf(table, searchPath), table.name]);
  const found = rows[0]?.[0];
  return found === undefined || found === null ? undefined : (JSON.parse(found) as TableFacts);
}

/** @returns the schemas in which a name is looked up, as a text array; what clients create is never in pg_catalog */
export function schemasOf({ schema }: ObjectName, searchPath: readonly string[]): string {
  return textArray(schema === undefined ? searchPath.filter((one) => one !== "pg_catalog") : [schema]);
}

/** The type of a column, of a domain its base type, as JSON. */
const typeOf = (oid: string): string => `(
  WITH RECURSIVE base AS (
    SELECT t.* FROM pg_catalog.pg_type t WHERE t.oid = ${oid}
    UNION ALL
    SELECT t.* FROM base JOIN pg_catalog.pg_type t ON t.oid = base.typbasetype WHERE base.typtype = 'd')
  SELECT pg_catalog.json_build_object(
    'name', CASE WHEN b.typcategory = 'A' AND b.typelem <> 0 THEN e.typname ELSE b.typname END,
    'shown', pg_catalog.format_type(b.oid, NULL),
    'isArray', b.typcategory = 'A' AND b.typelem <> 0)
  FROM base b LEFT JOIN pg_catalog.pg_type e ON e.oid = b.typelem WHERE b.typtype <> 'd')`;

// Names are qualified: it is asked under the client's search path, too.
const factsQuery = `
SELECT pg_catalog.json_build_object(
  'schema', n.nspname, 'name', c.relname,
  'columns', coalesce((
    SELECT pg_catalog.json_agg(
      pg_catalog.json_build_object('name', a.attname, 'type', ${typeOf("a.atttypid")}) ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'),
  'primaryKey', coalesce((
    SELECT pg_catalog.json_agg(a.attname ORDER BY k.place)
    FROM pg_catalog.pg_index i,
         pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k(attnum, place), pg_catalog.pg_attribute a
    WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts
      AND a.attrelid = c.oid AND a.attnum = k.attnum), '[]'),
  'primaryKeyName', (
    SELECT p.conname FROM pg_catalog.pg_constraint p WHERE p.conrelid = c.oid AND p.contype = 'p'),
  'keys', coalesce((
    SELECT pg_catalog.json_agg((
      SELECT pg_catalog.json_agg(
        pg_catalog.json_build_object('name', a.attname, 'type', ${typeOf("a.atttypid")}) ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = i.indexrelid AND a.attnum BETWEEN 1 AND i.indnkeyatts) ORDER BY i.indexrelid)
    FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid), '[]'),
  'statistics', (SELECT pg_catalog.count(*) FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid))
FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS path(schema, place)
JOIN pg_catalog.pg_namespace n ON n.nspname = path.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = $2::pg_catalog.text
WHERE c.relkind = 'r'
ORDER BY path.place LIMIT 1`;
