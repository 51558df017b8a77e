/**
 * What the coordinator has to know of the tables behind a statement: columns, keys, defaults, checks.
 *
 * Asked of PostgreSQL once and kept until the catalog changes.
 */
import type { RelationRef } from "../sql/index.ts";
import { type Backend } from "./backend/backend.ts";
import { request } from "./backend/request.ts";

export interface Column {
  readonly name: string;
  /** As `format_type` writes it: `character varying(30)`. */
  readonly type: string;
  readonly isNotNull: boolean;
  /** Its default, or that of its identity, differs from call to call. */
  readonly hasVolatileDefault: boolean;
  readonly isGenerated: boolean;
  readonly isIdentityAlways: boolean;
}

export interface Check {
  readonly name: string;
  /** The condition with its parentheses: `(balance >= 0)`. */
  readonly condition: string;
}

export interface Table {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  readonly uniqueKeys: readonly { readonly index: string; readonly columns: readonly string[] }[];
  /** Unique indexes over expressions or parts of the table: what `uniqueKeys` cannot state. */
  readonly hasOtherUniqueIndex: boolean;
  readonly checks: readonly Check[];
}

/** `"schema"."name"`. */
export function qualifiedName(table: { schema: string; name: string }): string {
  return `${quoteName(table.schema)}.${quoteName(table.name)}`;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Tables kept at most; at the bound all are forgotten and asked for again. */
const tablesMax = 2_000;

export class Catalog {
  readonly #control: () => Promise<Backend>;
  readonly #tables = new Map<string, Promise<Table | undefined>>();
  #volatileFunctions: Promise<ReadonlySet<string>> | undefined;
  #writingFunctions: Promise<ReadonlySet<string>> | undefined;

  /** @param control - the system's own backend */
  constructor(control: () => Promise<Backend>) {
    this.#control = control;
  }

  /** Forgets everything: the catalog has changed. */
  forget(): void {
    this.#tables.clear();
    this.#volatileFunctions = undefined;
    this.#writingFunctions = undefined;
  }

  /** @returns undefined for what is not an ordinary table: a view, a function, a missing name */
  async table(
    ref: Pick<RelationRef, "schema" | "name">,
    searchPath: readonly string[],
  ): Promise<Table | undefined> {
    const schemas = ref.schema === undefined ? searchPath : [ref.schema];
    const key = `${schemas.join("\0")}\0\0${ref.name}`;
    const known = this.#tables.get(key);
    if (known !== undefined) return await known;
    if (this.#tables.size >= tablesMax) this.#tables.clear();
    const asked = this.#ask(schemas, ref.name);
    this.#tables.set(key, asked);
    asked.catch(() => this.#tables.delete(key));
    return await asked;
  }

  /** Lower-case names of the functions that may answer differently within one transaction. */
  async volatileFunctions(): Promise<ReadonlySet<string>> {
    this.#volatileFunctions ??= this.#askVolatileFunctions().catch((error: unknown) => {
      this.#volatileFunctions = undefined; // The next caller asks again.
      throw error;
    });
    return await this.#volatileFunctions;
  }

  /**
   * Lower-case names of the functions through which a SELECT may change something: the clients' own that are not declared
   * stable, and set_config().
   */
  async writingFunctions(): Promise<ReadonlySet<string>> {
    this.#writingFunctions ??= this.#askWritingFunctions().catch((error: unknown) => {
      this.#writingFunctions = undefined;
      throw error;
    });
    return await this.#writingFunctions;
  }

  async #askWritingFunctions(): Promise<ReadonlySet<string>> {
    const { rows } = await request(
      await this.#control(),
      `SELECT DISTINCT lower(p.proname) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
       WHERE p.provolatile = 'v'
         AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sys', 'pg_dsql', 'aws_dsql')`,
    );
    return new Set(["set_config", ...rows.map((row) => row[0] ?? "")]);
  }

  async #askVolatileFunctions(): Promise<ReadonlySet<string>> {
    const { rows } = await request(
      await this.#control(),
      // statement_timestamp() is stable within a statement only, so it counts too.
      "SELECT DISTINCT lower(proname) FROM pg_proc WHERE provolatile = 'v' OR proname = 'statement_timestamp'",
    );
    return new Set(rows.map((row) => row[0] ?? ""));
  }

  async #ask(schemas: readonly string[], name: string): Promise<Table | undefined> {
    const volatile = await this.volatileFunctions();
    const { rows } = await request(await this.#control(), tableQuery, [textArray(schemas), name]);
    const found = rows[0]?.[0];
    if (found === undefined || found === null) return undefined;
    const raw = JSON.parse(found) as RawTable;
    return {
      ...raw,
      columns: raw.columns.map(({ defaultExpression, identity, ...column }) => ({
        ...column,
        hasVolatileDefault: identity !== "" || callsAny(defaultExpression ?? "", volatile),
        isIdentityAlways: identity === "a",
      })),
    };
  }
}

interface RawTable extends Omit<Table, "columns"> {
  readonly columns: readonly (Omit<Column, "hasVolatileDefault" | "isIdentityAlways"> & {
    defaultExpression: string | null;
    identity: string;
  })[];
}

function callsAny(expression: string, functions: ReadonlySet<string>): boolean {
  for (const match of expression.toLowerCase().matchAll(/([a-z_][a-z0-9_]*)"?\s*\(/g)) {
    if (functions.has(match[1] ?? "")) return true;
  }
  return false;
}

/** An array literal in text form. */
export function textArray(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}

const tableQuery = `
SELECT json_build_object(
  'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname,
  'columns', (
    SELECT json_agg(json_build_object(
      'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'isNotNull', a.attnotnull,
      'isGenerated', a.attgenerated <> '', 'identity', a.attidentity,
      'defaultExpression', pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'primaryKey', coalesce((
    SELECT json_agg(a.attname ORDER BY k.place)
    FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place), pg_attribute a
    WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts
      AND a.attrelid = c.oid AND a.attnum = k.attnum), '[]'),
  'uniqueKeys', coalesce((
    SELECT json_agg(json_build_object('index', ic.relname, 'columns', (
      SELECT json_agg(a.attname ORDER BY k.place)
      FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place), pg_attribute a
      WHERE k.place <= i.indnkeyatts AND a.attrelid = c.oid AND a.attnum = k.attnum)))
    FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL), '[]'),
  'hasOtherUniqueIndex', EXISTS (
    SELECT FROM pg_index i
    WHERE i.indrelid = c.oid AND i.indisunique AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)),
  'checks', coalesce((
    SELECT json_agg(json_build_object('name', k.conname, 'condition', pg_get_expr(k.conbin, k.conrelid)))
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'), '[]'))
FROM unnest($1::text[]) WITH ORDINALITY AS path(schema, place)
JOIN pg_namespace n ON n.nspname = path.schema
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $2::text
WHERE c.relkind = 'r'
ORDER BY path.place LIMIT 1`;
