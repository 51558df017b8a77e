/**
 * How far an import is, in the cluster itself: so it is known whatever became of the process or the machine. The table
 * goes when the import is complete.
 */
import type { Pool } from "pg";
import { sqlstateOf, UsageError } from "../errors.ts";
import { quoteTable } from "../identifiers.ts";
import { retryConflicts } from "../retry.ts";
import { importTables } from "./catalog/index.ts";

const marksTable = quoteTable(["public", importTables.marks]);
const chunksTable = quoteTable(["public", importTables.chunks]);

/** Not the name of a file: the import has begun. */
const begun = "begun";

export class Marks {
  readonly #pool: Pool;
  readonly #exportId: string;
  readonly #parts: Set<string>;

  private constructor(pool: Pool, exportId: string, parts: ReadonlySet<string>) {
    this.#pool = pool;
    this.#exportId = exportId;
    this.#parts = new Set(parts);
    this.isResumed = parts.size > 0;
  }

  /** An earlier call has done a part. */
  readonly isResumed: boolean;

  /** @throws {UsageError} another export's import was cut off in this cluster */
  static async find(pool: Pool, exportId: string): Promise<Marks> {
    const rows = await retryConflicts(async () => {
      const found = await pool.query<{ export_id: string; part: string }>(
        `SELECT export_id, part FROM ${marksTable}`,
      );
      return found.rows;
    }).catch((error: unknown) => {
      if (sqlstateOf(error) === "42P01") return [];
      throw error;
    });
    const other = rows.find((row) => row.export_id !== exportId);
    if (other !== undefined) {
      throw new UsageError(
        `the import of another export, ${other.export_id}, was cut off in this cluster: finish it first, or give it up ` +
          `and drop what it made, the tables ${importTables.marks} and ${importTables.chunks} last`,
      );
    }
    return new Marks(pool, exportId, new Set(rows.map(({ part }) => part)));
  }

  async create(): Promise<void> {
    await this.#run(
      `CREATE TABLE IF NOT EXISTS ${marksTable} (export_id uuid, part text, PRIMARY KEY (export_id, part))`,
    );
    await this.set(begun);
  }

  has(part: string): boolean {
    return this.#parts.has(part);
  }

  async set(part: string): Promise<void> {
    await this.#run(`INSERT INTO ${marksTable} (export_id, part) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [
      this.#exportId,
      part,
    ]);
    this.#parts.add(part);
  }

  async remove(): Promise<void> {
    await this.#run(`DROP TABLE IF EXISTS ${chunksTable}`);
    await this.#run(`DROP TABLE IF EXISTS ${marksTable}`);
  }

  async #run(statement: string, values: readonly string[] = []): Promise<void> {
    await retryConflicts(() => this.#pool.query(statement, [...values]));
  }
}
