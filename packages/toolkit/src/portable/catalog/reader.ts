/** What the catalog is read by: one connection, within the snapshot of the export. */
import type { QueryResultRow } from "pg";

export interface CatalogReader {
  rows<Row extends QueryResultRow>(statement: string): Promise<Row[]>;
}

/** Schemas that belong to the service; everything else is the user's. For a column `nspname`. */
export const isUsersSchema = `nspname NOT IN ('pg_catalog', 'information_schema', 'sys') AND nspname NOT LIKE 'pg\\_%'`;

/** Tables in which an import notes how far it is: of no other cluster's concern. */
export const importTables = { marks: "dsql_import", chunks: "dsql_import_chunks" } as const;

/** For a column of `pg_class`. */
export const isUsersRelation = `
  relnamespace IN (SELECT oid FROM pg_namespace WHERE ${isUsersSchema})
  AND relname NOT IN ('${importTables.marks}', '${importTables.chunks}')`;
