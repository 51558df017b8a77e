/** Everything that a row, a view or a function may need, as statements in an order in which each finds what it names. */
import type { NamedObject, ObjectKind } from "../format.ts";
import { inOrderOfNeed, readNeeds } from "./order.ts";
import { type CatalogReader, isUsersRelation, isUsersSchema } from "./reader.ts";
import { sequenceOptions, type SequenceOptions } from "./sequence-options.ts";
import type { Table } from "./tables.ts";

export interface SchemaObject extends NamedObject {
  /** Its class and number in the catalog: `pg_class:16385`. */
  readonly key: string;
  readonly oid: number;
  readonly sql: string;
}

/** @returns schemas first, the rest by need */
export async function readObjects(
  catalog: CatalogReader,
  tables: readonly Table[],
): Promise<readonly SchemaObject[]> {
  const schemas = await readSchemas(catalog);
  const others = [
    ...(await readDomains(catalog)),
    ...(await readSequences(catalog)),
    ...(await readFunctions(catalog)),
    ...tables.map((table) => schemaObject("pg_class", "relation", table)),
    ...(await readViews(catalog)),
  ];
  return [...schemas, ...inOrderOfNeed(others, await readNeeds(catalog))];
}

interface Found {
  readonly oid: string;
  readonly name: string;
  readonly sql: string;
}

function schemaObject(classOf: string, kind: ObjectKind, { oid, name, sql }: Found): SchemaObject {
  return { key: `${classOf}:${oid}`, oid: Number(oid), kind, name, sql };
}

async function readSchemas(catalog: CatalogReader): Promise<SchemaObject[]> {
  const found = await catalog.rows<Found>(
    `SELECT oid::text AS oid, oid::regnamespace::text AS name, 'CREATE SCHEMA ' || quote_ident(nspname) AS sql
     FROM pg_namespace WHERE ${isUsersSchema} AND nspname <> 'public' ORDER BY pg_namespace.oid`,
  );
  return found.map((schema) => schemaObject("pg_namespace", "schema", schema));
}

async function readDomains(catalog: CatalogReader): Promise<SchemaObject[]> {
  const found = await catalog.rows<Found>(
    `SELECT t.oid::text AS oid, t.oid::regtype::text AS name,
            'CREATE DOMAIN ' || t.oid::regtype::text || ' AS ' || format_type(typbasetype, typtypmod)
            || coalesce(' DEFAULT ' || typdefault, '') || CASE WHEN typnotnull THEN ' NOT NULL' ELSE '' END
            || coalesce((SELECT string_agg(' CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(c.oid), '' ORDER BY conname)
                         FROM pg_constraint c WHERE contypid = t.oid AND contype = 'c'), '') AS sql
     FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE typtype = 'd' AND ${isUsersSchema} ORDER BY t.oid`,
  );
  return found.map((domain) => schemaObject("pg_type", "type", domain));
}

/** Those of identity columns come with their tables. */
async function readSequences(catalog: CatalogReader): Promise<SchemaObject[]> {
  const found = await catalog.rows<Omit<Found, "sql"> & SequenceOptions>(
    `SELECT c.oid::text AS oid, c.oid::regclass::text AS name, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle
     FROM pg_class c JOIN pg_sequence ON seqrelid = c.oid
     WHERE ${isUsersRelation}
       AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'i')
     ORDER BY c.oid`,
  );
  return found.map(({ oid, name, ...options }) => {
    const sql = `CREATE SEQUENCE ${name} AS bigint ${sequenceOptions(options)}`;
    return schemaObject("pg_class", "relation", { oid, name, sql });
  });
}

async function readFunctions(catalog: CatalogReader): Promise<SchemaObject[]> {
  const found = await catalog.rows<Found>(
    `SELECT p.oid::text AS oid, p.oid::regprocedure::text AS name, pg_get_functiondef(p.oid) AS sql
     FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE prokind = 'f' AND ${isUsersSchema} ORDER BY p.oid`,
  );
  return found.map(({ sql, ...found }) =>
    // OR REPLACE would overwrite, in silence, a function that was made there since the import has looked.
    schemaObject("pg_proc", "function", { ...found, sql: sql.replace(/^CREATE OR REPLACE /, "CREATE ") }),
  );
}

async function readViews(catalog: CatalogReader): Promise<SchemaObject[]> {
  const found = await catalog.rows<Found>(
    `SELECT c.oid::text AS oid, c.oid::regclass::text AS name,
            'CREATE VIEW ' || c.oid::regclass::text
            || ' (' || (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) || ')'
            || coalesce(' WITH (' || array_to_string(reloptions, ', ') || ')', '')
            || E' AS\\n' || rtrim(pg_get_viewdef(c.oid), ';') AS sql
     FROM pg_class c WHERE relkind = 'v' AND ${isUsersRelation} ORDER BY c.oid`,
  );
  return found.map((view) => schemaObject("pg_class", "relation", view));
}
