/** Brings an export into a cluster: in the order of its files, each step once, whatever ends the import and however often. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pool } from "pg";
import { splitStatements } from "@dsql-local/sql";
import { bulkLoad } from "../bulk-load/index.ts";
import { sqlstateOf, UsageError } from "../errors.ts";
import { importTables } from "./catalog/index.ts";
import { type ExportedTable, fileNames, type Manifest, readManifest } from "./format.ts";
import { Marks } from "./marks.ts";
import { ImportError, runStatement } from "./run-statement.ts";
import { refuseWhatIsThere } from "./what-is-there.ts";

/** For `importDatabase()`. */
export interface ImportOptions {
  /** An export. */
  readonly folder: string;
  /** Leaves out which IAM identities may connect as which role: those of another account. Off by default. */
  readonly withoutIam?: boolean | undefined;
  /** For the rows, at most; 8 by default. */
  readonly connections?: number | undefined;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
  /** Ends the import after what is under way; the same call goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** How far `importDatabase()` is. */
export interface ImportProgress {
  /** `roles`, `schema`, `rows`, `after rows`. */
  readonly phase: string;
  /** Statements of this phase that are done, or rows that are loaded. */
  readonly done: number;
  /** Statements or rows of this phase altogether. */
  readonly of: number;
  /** The table that is being filled. */
  readonly table?: string;
}

/** What `importDatabase()` did. */
export interface ImportReport {
  readonly exportId: string;
  readonly tables: readonly { readonly schema: string; readonly table: string; readonly rows: number }[];
  /** Of all tables. */
  readonly rows: number;
  /** Roles and mappings that were there before the import, and stay as they are. */
  readonly kept: readonly string[];
  /** Whether an earlier call had done a part. */
  readonly wasResumed: boolean;
}

/**
 * @throws {UsageError} it is no export, or something of it is in the cluster already
 * @throws {ImportError} a statement or a row was refused; the same call goes on when that is mended
 */
export async function importDatabase(pool: Pool, options: ImportOptions): Promise<ImportReport> {
  const manifest = await readManifest(options.folder);
  const marks = await Marks.find(pool, manifest.exportId);
  const wasResumed = marks.isResumed;
  if (!wasResumed) {
    await refuseWhatIsThere(pool, manifest.objects);
    await marks.create();
  }
  const running = new Import(pool, { options, manifest, marks });
  const kept = await running.roles();
  await running.script("schema", fileNames.schema);
  await running.rows();
  await running.script("after rows", fileNames.afterData);
  await marks.remove();
  const tables = manifest.tables.map(({ schema, table, rows }) => ({ schema, table, rows }));
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  return { exportId: manifest.exportId, tables, rows, kept, wasResumed };
}

interface Work {
  readonly options: ImportOptions;
  readonly manifest: Manifest;
  readonly marks: Marks;
}

class Import {
  readonly #pool: Pool;
  readonly #work: Work;

  constructor(pool: Pool, work: Work) {
    this.#pool = pool;
    this.#work = work;
  }

  /** A role of the same name is taken for the same role. */
  async roles(): Promise<string[]> {
    const { options, marks } = this.#work;
    const kept: string[] = [];
    const statements = await this.#statements(fileNames.roles);
    for (const [index, sql] of statements.entries()) {
      const part = `${fileNames.roles}:${index}`;
      const isLeftOut = options.withoutIam === true && /^AWS\s+IAM/i.test(sql);
      if (isLeftOut || marks.has(part)) continue;
      this.#step({ phase: "roles", done: index, of: statements.length });
      try {
        await runStatement(this.#pool, sql, options.signal);
      } catch (error) {
        if (!isThereAlready(error)) throw error;
        kept.push(sql);
      }
      await marks.set(part);
    }
    return kept;
  }

  async script(phase: string, file: string): Promise<void> {
    const statements = await this.#statements(file);
    for (const [index, sql] of statements.entries()) {
      this.#step({ phase, done: index, of: statements.length });
      await this.#once(`${file}:${index}`, sql);
    }
  }

  async rows(): Promise<void> {
    const { tables } = this.#work.manifest;
    const of = tables.reduce((sum, { rows }) => sum + rows, 0);
    let done = 0;
    for (const [index, table] of tables.entries()) {
      if (table.file !== undefined) await this.#table({ ...table, file: table.file }, { index, done, of });
      done += table.rows;
    }
  }

  /** Its mark is set when the cluster has all of it: what a call that was cut off has loaded is known by its chunks. */
  async #table(
    table: ExportedTable & { readonly file: string },
    { index, done, of }: { readonly index: number; readonly done: number; readonly of: number },
  ): Promise<void> {
    const { options, marks, manifest } = this.#work;
    if (marks.has(table.file)) return;
    const name = `${table.schema}.${table.table}`;
    const { rowsLoaded } = await bulkLoad(this.#pool, {
      input: join(options.folder, table.file),
      format: "copy",
      table: [table.schema, table.table],
      loadId: loadIdOf(manifest.exportId, index),
      ledgerTable: ["public", importTables.chunks],
      rejectedMax: 0,
      connections: options.connections,
      signal: options.signal,
      onProgress: (progress) => {
        this.#step({ phase: "rows", done: done + progress.rowsLoaded, of, table: name });
      },
    }).catch((error: unknown) => {
      throw refusedRow(name, error);
    });
    if (rowsLoaded !== table.rows)
      throw new ImportError(
        `${table.file} has ${rowsLoaded} rows and should have ${table.rows}: it was changed`,
      );
    await marks.set(table.file);
  }

  /** A call that was cut off between a statement and its mark has made what is there now. */
  async #once(part: string, sql: string): Promise<void> {
    const { options, marks } = this.#work;
    if (marks.has(part)) return;
    try {
      await runStatement(this.#pool, sql, options.signal);
    } catch (error) {
      if (!marks.isResumed || !isThereAlready(error)) throw error;
    }
    await marks.set(part);
  }

  async #statements(file: string): Promise<string[]> {
    const text = await readFile(join(this.#work.options.folder, file), "utf8");
    return splitStatements(text).map((statement) => statement.text);
  }

  #step(progress: ImportProgress): void {
    const { onProgress, signal } = this.#work.options;
    signal?.throwIfAborted();
    onProgress?.(progress);
  }
}

/** A table, column, object, schema, function or role of that name. */
const thereAlready = new Set(["42P07", "42701", "42710", "42P06", "42723"]);

function isThereAlready(error: unknown): boolean {
  return thereAlready.has(sqlstateOf(error) ?? "");
}

/** A UUID made of that of the export: the same for the same table, whenever it is asked for. */
function loadIdOf(exportId: string, index: number): string {
  return `${exportId.slice(0, -8)}${index.toString(16).padStart(8, "0")}`;
}

function refusedRow(table: string, error: unknown): unknown {
  const [rejected] = (error as { rejected?: readonly { line: number; reason: string }[] }).rejected ?? [];
  if (rejected === undefined || error instanceof UsageError) return error;
  return new ImportError(`${table}: the row in line ${rejected.line} was refused: ${rejected.reason}`, {
    cause: error,
  });
}
