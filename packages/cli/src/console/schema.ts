/** What completion, the schema's view and those of jobs and sessions show: asked of the catalog, as `admin`. */
import type { Cluster } from "@dsql-local/cluster";
import pg from "pg";

export interface SchemaTable {
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "view";
  readonly columns: readonly SchemaColumn[];
  readonly indexes: readonly string[];
}

export interface SchemaColumn {
  readonly name: string;
  readonly type: string;
  readonly isNullable: boolean;
  readonly isKey: boolean;
}

const columnsText = `
  SELECT n.nspname AS schema, c.relname AS name, c.relkind AS kind, a.attname AS column,
         format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
         coalesce(a.attnum = ANY (k.conkey), false) AS key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
   WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sys')
   ORDER BY 1, 2, a.attnum LIMIT 5000`;

const indexesText =
  "SELECT schemaname AS schema, tablename AS name, indexdef AS index FROM pg_indexes WHERE schemaname NOT IN ('pg_catalog', 'sys') ORDER BY 1, 2, 3 LIMIT 2000";

interface ColumnRow {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly column: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly key: boolean;
}

export async function readSchema(cluster: Cluster): Promise<readonly SchemaTable[]> {
  return asAdmin(cluster, async (client) => {
    const columns = await client.query<ColumnRow>(columnsText);
    const indexes = await client.query<{ schema: string; name: string; index: string }>(indexesText);
    const tables = new Map<string, { table: SchemaTable; columns: SchemaColumn[]; indexes: string[] }>();
    for (const { schema, name, kind, column, type, nullable, key } of columns.rows) {
      const id = `${schema}.${name}`;
      const own = tables.get(id) ?? emptyTable({ schema, name, kind: kind === "v" ? "view" : "table" });
      tables.set(id, own);
      own.columns.push({ name: column, type, isNullable: nullable, isKey: key });
    }
    for (const { schema, name, index } of indexes.rows) tables.get(`${schema}.${name}`)?.indexes.push(index);
    return [...tables.values()].map(({ table }) => table);
  });
}

function emptyTable(named: Pick<SchemaTable, "schema" | "name" | "kind">): {
  table: SchemaTable;
  columns: SchemaColumn[];
  indexes: string[];
} {
  const columns: SchemaColumn[] = [];
  const indexes: string[] = [];
  return { table: { ...named, columns, indexes }, columns, indexes };
}

/** The rows of `sys.jobs`, the newest first. */
export async function readJobs(cluster: Cluster): Promise<readonly object[]> {
  return asAdmin(cluster, async (client) => {
    const { rows } = await client.query<object>("SELECT * FROM sys.jobs ORDER BY start_time DESC LIMIT 200");
    return rows;
  });
}

/** A connection for as long as the work takes. */
async function asAdmin<Result>(
  cluster: Cluster,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ ...cluster.connection(), application_name: "console" });
  client.on("error", () => undefined); // The statement under way says it.
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
