/** What the catalog knows of the tables in a plan: columns, widths, sizes, indexes. */
import type { ExpressionColumn } from "./expression.ts";
import { isTableScan, nodesOf, type PlanNode } from "./postgres-plan.ts";

export interface FactColumn extends ExpressionColumn {
  /** Bytes of a value on average, as the statistics say or PostgreSQL's planner assumes. */
  readonly width: number;
}

export interface FactIndex {
  readonly name: string;
  /** As EXPLAIN writes it. */
  readonly quotedName: string;
  readonly isPrimary: boolean;
  readonly isUnique: boolean;
  /** Key columns first, then those of INCLUDE; an expression stands as it is. */
  readonly columns: readonly string[];
  readonly keyColumns: number;
}

export interface TableFacts {
  readonly columns: readonly FactColumn[];
  readonly indexes: readonly FactIndex[];
  /** As PostgreSQL's planner takes it. */
  readonly rows: number;
}

/** By schema and name, as in the plan. */
export type Tables = (node: PlanNode) => TableFacts | undefined;

export type Request = (
  text: string,
  values: readonly (string | null)[],
) => Promise<readonly (readonly (string | null)[])[]>;

const text = `
SELECT n.nspname, c.relname, c.reltuples, c.relpages, pg_catalog.pg_relation_size(c.oid) / 8192,
  (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
     'name', pg_catalog.quote_ident(a.attname), 'type', pg_catalog.format_type(a.atttypid, NULL),
     'width', COALESCE(s.avg_width, CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END)) ORDER BY a.attnum)
   FROM pg_catalog.pg_attribute AS a
   LEFT JOIN pg_catalog.pg_stats AS s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
     'name', ic.relname, 'quotedName', pg_catalog.quote_ident(ic.relname), 'isPrimary', i.indisprimary,
     'isUnique', i.indisunique, 'keyColumns', i.indnkeyatts,
     'columns', (SELECT pg_catalog.json_agg(COALESCE(pg_catalog.quote_ident(a.attname), pg_catalog.pg_get_indexdef(ic.oid, k.place::int, false)) ORDER BY k.place)
                 FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (attnum, place)
                 LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum AND k.attnum > 0)))
   FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid WHERE i.indrelid = c.oid)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE (n.nspname, c.relname) IN (
  SELECT t->>0, t->>1 FROM pg_catalog.json_array_elements($1::pg_catalog.json) AS t)`;

/** Asks for all tables that the plan scans or writes. */
export async function readTables(root: PlanNode, request: Request): Promise<Tables> {
  const named = nodesOf(root).filter((node) => isTableScan(node) || node["Node Type"] === "ModifyTable");
  const names = new Map(named.map((node) => [key(node.Schema, node["Relation Name"]), node]));
  const wanted = [...names.values()].map((node) => [node.Schema, node["Relation Name"]]);
  const rows = wanted.length === 0 ? [] : await request(text, [JSON.stringify(wanted)]);
  const tables = new Map(rows.map((row) => [key(row[0], row[1]), factsOf(row.slice(2))]));
  return (node) => tables.get(key(node.Schema, node["Relation Name"]));
}

function key(schema: string | null | undefined, name: string | null | undefined): string {
  return JSON.stringify([schema, name]);
}

function factsOf([tuples, pagesThen, pagesNow, columns, indexes]: readonly (string | null)[]): TableFacts {
  const known = JSON.parse(columns ?? "[]") as FactColumn[];
  return {
    columns: known,
    indexes: (JSON.parse(indexes ?? "null") ?? []) as FactIndex[],
    rows: rowsNow(
      { tuples: Number(tuples), pagesThen: Number(pagesThen), pagesNow: Number(pagesNow) },
      rowBytes(known),
    ),
  };
}

/** Bytes of a table's row. */
export function rowBytes(columns: readonly FactColumn[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0);
}

/** Bytes of one entry of an index: its columns, and the primary key by which it finds the row. */
export function entryBytes(index: FactIndex, table: TableFacts): number {
  const primary = index.isPrimary ? undefined : table.indexes.find(({ isPrimary }) => isPrimary);
  const names = new Set([...index.columns, ...(primary?.columns.slice(0, primary.keyColumns) ?? [])]);
  return index.isPrimary
    ? rowBytes(table.columns)
    : rowBytes(table.columns.filter(({ name }) => names.has(name)));
}

const pageBytes = 8_168;
const tupleHeaderBytes = 28;
const pagesWithoutStatisticsMin = 10;

/** Source: PostgreSQL, `estimate_rel_size`: the density that ANALYZE saw, times the pages there are now. */
function rowsNow(
  size: { readonly tuples: number; readonly pagesThen: number; readonly pagesNow: number },
  bytes: number,
): number {
  const { tuples, pagesThen, pagesNow } = size;
  if (tuples >= 0 && pagesThen > 0) return Math.round((tuples / pagesThen) * pagesNow);
  if (tuples >= 0 && pagesNow === 0) return tuples;
  const pages = Math.max(pagesNow, pagesWithoutStatisticsMin);
  return Math.round(pages * Math.floor(pageBytes / (bytes + tupleHeaderBytes)));
}
