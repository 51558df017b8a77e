/** Writes a cluster's schema, roles, grants and rows into a folder. */
import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pool, PoolClient, QueryResultRow } from "pg";
import { sqlstateOf, UsageError } from "../errors.ts";
import { retryConflicts } from "../retry.ts";
import {
  afterDataStatements,
  type CatalogReader,
  commentStatements,
  privilegeStatements,
  readObjects,
  readTables,
  roleStatements,
  type SchemaObject,
  type Table,
} from "./catalog/index.ts";
import {
  asScript,
  dataFileName,
  type ExportedTable,
  fileNames,
  formatVersion,
  type Manifest,
  writeManifest,
} from "./format.ts";
import { writeRows } from "./rows.ts";

/** For `exportDatabase()`. */
export interface ExportOptions {
  /** It must not be there yet; it appears when the export is complete. */
  readonly folder: string;
  /** Leaves the rows out; off by default. */
  readonly schemaOnly?: boolean | undefined;
  /**
   * All rows of one snapshot, in one transaction, which Aurora DSQL ends after 300 s; true by default. False reads each table
   * in a transaction of its own: more can be read, and what others write meanwhile is in one table and not in another.
   */
  readonly isConsistent?: boolean | undefined;
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
  /** Ends the export, which leaves nothing behind. */
  readonly signal?: AbortSignal | undefined;
}

/** What `exportDatabase()` has written so far. */
export interface ExportProgress {
  readonly table: string;
  /** Tables that are written, of so many tables. */
  readonly tablesDone: number;
  readonly tables: number;
  /** Of all tables. */
  readonly rows: number;
}

/**
 * @returns what was written
 * @throws {UsageError} the folder is there already, or the rows are more than one transaction can read
 */
export async function exportDatabase(pool: Pool, options: ExportOptions): Promise<Manifest> {
  const partial = `${options.folder}.${randomUUID().slice(0, 8)}.partial`;
  await checkFree(options.folder);
  try {
    // A change of the schema while it is read: everything anew, on a new snapshot.
    const manifest = await retryConflicts(
      async () => {
        await rm(partial, { recursive: true, force: true });
        // Rows are nobody else's to read.
        await mkdir(partial, { mode: 0o700 });
        await mkdir(join(partial, fileNames.data));
        return await new Export(pool, partial, options).run();
      },
      { deadlineMs: Infinity, attempts: 5, signal: options.signal },
    );
    await rename(partial, options.folder);
    return manifest;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw explained(error);
  }
}

class Export {
  readonly #pool: Pool;
  readonly #folder: string;
  readonly #options: ExportOptions;
  #rows = 0;

  constructor(pool: Pool, folder: string, options: ExportOptions) {
    this.#pool = pool;
    this.#folder = folder;
    this.#options = options;
  }

  async run(): Promise<Manifest> {
    return await inSnapshot(this.#pool, async (client) => {
      const catalog: CatalogReader = { rows: (statement) => rowsOf(client, statement) };
      const tables = await readTables(catalog);
      const objects = await readObjects(catalog, tables);
      await this.#writeScripts(catalog, objects);
      const exported: ExportedTable[] = [];
      for (const table of tables)
        exported.push(await this.#table(client, table, exported.length, tables.length));
      const manifest = this.#manifest(objects, exported);
      await writeManifest(this.#folder, manifest);
      return manifest;
    });
  }

  #manifest(objects: readonly SchemaObject[], tables: readonly ExportedTable[]): Manifest {
    return {
      format: "dsql-export",
      version: formatVersion,
      exportId: randomUUID(),
      createdAt: new Date().toISOString(),
      isConsistent: this.#isConsistent,
      objects: objects.map(({ kind, name }) => ({ kind, name })),
      tables,
    };
  }

  async #writeScripts(catalog: CatalogReader, objects: readonly SchemaObject[]): Promise<void> {
    const write = async (name: string, title: string, statements: readonly string[]) => {
      await writeFile(join(this.#folder, name), asScript(title, statements));
    };
    await write(fileNames.roles, "Roles, memberships, IAM identities.", await roleStatements(catalog));
    await write(
      fileNames.schema,
      "What rows are written into, and what is made of it: each after what it needs.",
      objects.map(({ sql }) => sql),
    );
    await write(fileNames.afterData, "What comes after the rows: a statement a transaction.", [
      ...(await afterDataStatements(catalog)),
      ...(await commentStatements(catalog)),
      ...(await privilegeStatements(catalog)),
    ]);
  }

  async #table(client: PoolClient, table: Table, number: number, tables: number): Promise<ExportedTable> {
    const { schema, table: name } = table;
    if (this.#options.schemaOnly === true || table.columns.length === 0)
      return { schema, table: name, rows: 0 };
    const file = dataFileName(number + 1, table);
    const before = this.#rows;
    const onRows = (rows: number): void => {
      this.#rows = before + rows;
      this.#options.onProgress?.({ table: table.name, tablesDone: number, tables, rows: this.#rows });
    };
    onRows(0);
    const write = (reader: PoolClient): Promise<number> =>
      writeRows(reader, { table, file: join(this.#folder, file), signal: this.#options.signal, onRows });
    const rows = this.#isConsistent ? await write(client) : await inSnapshot(this.#pool, write);
    if (rows > 0) return { schema, table: name, rows, file };
    await rm(join(this.#folder, file));
    return { schema, table: name, rows };
  }

  get #isConsistent(): boolean {
    return this.#options.isConsistent !== false;
  }
}

/** How values and names are written, whatever the role's own settings are: with schemas, and exactly. */
const settings = [
  "SET LOCAL search_path = ''",
  "SET LOCAL datestyle = 'ISO, MDY'",
  "SET LOCAL intervalstyle = 'postgres'",
  "SET LOCAL extra_float_digits = 1",
  "SET LOCAL timezone = 'UTC'",
];

/** Not `transaction()`, which would run the reading of all tables again where it is `exportDatabase` that begins anew. */
async function inSnapshot<Result>(
  pool: Pool,
  read: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN READ ONLY");
    for (const setting of settings) await client.query(setting);
    const result = await read(client);
    await client.query("COMMIT");
    client.release();
    return result;
  } catch (error) {
    // In the middle of a portal the connection is of no more use.
    client.release(true);
    throw error;
  }
}

async function rowsOf<Row extends QueryResultRow>(client: PoolClient, statement: string): Promise<Row[]> {
  return (await client.query<Row>(statement)).rows;
}

async function checkFree(folder: string): Promise<void> {
  // The parent first: an export of an hour must not fail at its end.
  await mkdir(folder, { recursive: false }).catch((cause: unknown) => {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new UsageError(
      code === "EEXIST" ? `${folder} is there already: name another, or remove it` : message,
      { cause },
    );
  });
  await rm(folder, { recursive: true });
}

function explained(error: unknown): unknown {
  const isTooOld = sqlstateOf(error) === "54000" && /age limit/.test(String((error as Error).message));
  if (!isTooOld) return error;
  return new UsageError(
    "these are more rows than one transaction can read in its 300 s: export with --no-snapshot (isConsistent: false), " +
      "a transaction for each table, while nobody writes",
    { cause: error },
  );
}
