/**
 * The ledger: a row for each chunk that is loaded, committed in the chunk's own transaction. So the database itself
 * knows which chunks are in, whatever became of the process, the connection or the answer to COMMIT.
 */
import type { Pool } from "pg";
import { sqlstateOf, UsageError } from "../errors.ts";
import { quoteTable } from "../identifiers.ts";
import { inBatches } from "../in-batches.ts";
import type { Transaction } from "../transaction.ts";
import type { RejectedRow } from "./options.ts";
import { autocommit } from "./target.ts";

export interface ChunkResult {
  readonly loaded: number;
  readonly ignored: number;
  readonly rejected: readonly RejectedRow[];
}

interface LedgerRow {
  readonly chunk: string;
  readonly loaded: string;
  readonly ignored: string;
  readonly rejected: string;
}

/** Chunks read at once: a load of a thousand million rows has a million. */
const pageSize = 10_000;

export class Ledger {
  readonly #pool: Pool;
  readonly #name: string | readonly string[];
  readonly #table: string;
  readonly #loadId: string;

  constructor(pool: Pool, name: string | readonly string[], loadId: string) {
    this.#pool = pool;
    this.#name = name;
    this.#table = quoteTable(name);
    this.#loadId = loadId;
  }

  /** @throws {UsageError} it is not there, and the role may not make it */
  async create(): Promise<void> {
    // Asked first: a role that may use it but make no table is refused even where nothing is to be made.
    const [found] = await autocommit<{ oid: string | null }>(
      this.#pool,
      "SELECT to_regclass($1)::text AS oid",
      [this.#table],
    );
    if (found !== undefined && found.oid !== null) return;
    try {
      await autocommit(
        this.#pool,
        `CREATE TABLE IF NOT EXISTS ${this.#table} (
           load_id uuid, chunk bigint, loaded bigint NOT NULL, ignored bigint NOT NULL, rejected text NOT NULL,
           loaded_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (load_id, chunk))`,
      );
    } catch (cause) {
      if (sqlstateOf(cause) !== "42501") throw cause;
      throw new UsageError(
        `which parts are loaded is kept in ${this.#table}, and this role may not make it: name another ledger table, ` +
          "in a schema where it may, or have it made and granted",
        { cause },
      );
    }
  }

  /** Calls `found` for each chunk of this load. */
  async read(found: (chunk: number, result: ChunkResult) => void): Promise<void> {
    for (let after = "-1"; ;) {
      const rows = await autocommit<LedgerRow>(
        this.#pool,
        `SELECT chunk, loaded, ignored, rejected FROM ${this.#table}
         WHERE load_id = $1 AND chunk > $2 ORDER BY chunk LIMIT ${pageSize}`,
        [this.#loadId, after],
      );
      for (const row of rows) found(Number(row.chunk), resultOf(row));
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageSize) return;
      after = last.chunk;
    }
  }

  /** @returns what an earlier transaction, or another process, made of the chunk; undefined if it is not loaded */
  async find(tx: Transaction, chunk: number): Promise<ChunkResult | undefined> {
    const { rows } = await tx.query<LedgerRow>(
      `SELECT chunk, loaded, ignored, rejected FROM ${this.#table} WHERE load_id = $1 AND chunk = $2`,
      [this.#loadId, chunk],
    );
    const [row] = rows;
    return row && resultOf(row);
  }

  /** The primary key lets one transaction in for each chunk. */
  async enter(tx: Transaction, chunk: number, result: ChunkResult): Promise<void> {
    await tx.query(
      `INSERT INTO ${this.#table} (load_id, chunk, loaded, ignored, rejected) VALUES ($1, $2, $3, $4, $5)`,
      [this.#loadId, chunk, result.loaded, result.ignored, JSON.stringify(result.rejected)],
    );
  }

  /** The load is complete: nothing will ask again. */
  async clear(): Promise<void> {
    await inBatches(this.#pool, {
      action: "delete",
      table: this.#name,
      key: ["load_id", "chunk"],
      where: "load_id = $1",
      values: [this.#loadId],
    });
  }
}

function resultOf(row: LedgerRow): ChunkResult {
  return {
    loaded: Number(row.loaded),
    ignored: Number(row.ignored),
    rejected: JSON.parse(row.rejected) as RejectedRow[],
  };
}
