/**
 * One chunk: its rows and its entry in the ledger in one transaction.
 *
 * A row that the database refuses fails its whole transaction. Then the bad rows are searched for by halves, in
 * transactions that are rolled back, and the rest of the chunk is committed in one piece. A chunk is never half loaded.
 */
import { createHash } from "node:crypto";
import type { Pool } from "pg";
import { limits } from "@dsql-local/spec";
import { OutcomeUnknownError, sqlstateOf } from "../errors.ts";
import { type Transaction, transaction, type TransactionOptions } from "../transaction.ts";
import type { ChunkResult, Ledger } from "./ledger.ts";
import { BulkLoadError, type RejectedRow } from "./options.ts";
import type { Row } from "./records.ts";
import { insertStatement, insertValues, type Target } from "./target.ts";

export interface Chunk {
  /** Counts from 0, in the order of the file. */
  readonly number: number;
  readonly rows: readonly Row[];
}

/** Times that a lost COMMIT is looked up before the load ends. */
const lookUpsMax = 5;

interface Bounds {
  /** Of one chunk. */
  readonly rejectedMax: number;
}

export class ChunkLoader {
  readonly #pool: Pool;
  readonly #target: Target;
  readonly #ledger: Ledger;
  readonly #statement: string;
  readonly #statementName: string;
  readonly #options: TransactionOptions & Bounds;

  constructor(parts: { pool: Pool; target: Target; ledger: Ledger }, options: TransactionOptions & Bounds) {
    this.#pool = parts.pool;
    this.#target = parts.target;
    this.#ledger = parts.ledger;
    this.#statement = insertStatement(parts.target);
    // A name stands for one text on a connection, and connections are shared with other loads.
    this.#statementName = `bulk-load-${createHash("sha256").update(this.#statement).digest("hex").slice(0, 32)}`;
    this.#options = options;
  }

  /** @throws an error that no single row is to blame for */
  async load(chunk: Chunk): Promise<ChunkResult> {
    try {
      return await this.#commit(chunk, chunk.rows, []);
    } catch (error) {
      if (!isRowsFault(error)) throw error;
    }
    const { accepted, rejected } = await this.#sift(chunk.rows);
    return await this.#commit(chunk, accepted, rejected);
  }

  /** @returns the rows that would be rejected; nothing is loaded */
  async trial(rows: readonly Row[]): Promise<readonly RejectedRow[]> {
    return (await this.#sift(rows)).rejected;
  }

  async #commit(chunk: Chunk, rows: readonly Row[], rejected: readonly RejectedRow[]): Promise<ChunkResult> {
    for (let lookUps = 0; ; lookUps++) {
      try {
        return await transaction(
          this.#pool,
          async (tx) => {
            const earlier = await this.#ledger.find(tx, chunk.number);
            if (earlier !== undefined) return earlier;
            const loaded = await this.#insert(tx, rows);
            const result = { loaded, ignored: rows.length - loaded, rejected };
            await this.#ledger.enter(tx, chunk.number, result);
            return result;
          },
          this.#options,
        );
      } catch (error) {
        // It may be committed: the ledger knows, and its key keeps a second transaction out should the first still come.
        if (!(error instanceof OutcomeUnknownError) || lookUps >= lookUpsMax) throw error;
      }
    }
  }

  async #insert(tx: Transaction, rows: readonly Row[]): Promise<number> {
    if (rows.length === 0) return 0;
    const { rowCount } = await tx.query({
      // Parsed and planned once for each connection.
      name: this.#statementName,
      text: this.#statement,
      values: insertValues(this.#target, rows),
    });
    return rowCount ?? 0;
  }

  /** Takes the rows in by halves: what fails is halved until it is one row. */
  async #sift(rows: readonly Row[]): Promise<{ accepted: Row[]; rejected: RejectedRow[] }> {
    const accepted: Row[] = [];
    const rejected: RejectedRow[] = [];
    const open: (readonly Row[])[] = [rows];
    for (let part = open.pop(); part !== undefined; part = open.pop()) {
      // Tried together with those accepted so far: two rows of the chunk may have one key.
      const fault = await this.#faultOf([...accepted, ...part]);
      const [only] = part;
      if (fault === undefined) accepted.push(...part);
      else if (part.length === 1 && only !== undefined) rejected.push(rejection(only, fault));
      else {
        const middle = Math.ceil(part.length / 2);
        open.push(part.slice(middle), part.slice(0, middle));
      }
      if (rejected.length > this.#options.rejectedMax) throw tooManyRejected(rejected);
    }
    return { accepted, rejected };
  }

  async #faultOf(rows: readonly Row[]): Promise<unknown> {
    try {
      await transaction(
        this.#pool,
        async (tx) => {
          await this.#insert(tx, rows);
          throw new Trial();
        },
        this.#options,
      );
    } catch (error) {
      if (error instanceof Trial) return undefined;
      if (isRowsFault(error)) return error;
      throw error;
    }
    return undefined;
  }
}

/** It is not single rows that are wrong: nothing of the chunk is loaded. */
function tooManyRejected(rejected: readonly RejectedRow[]): BulkLoadError {
  const [first] = rejected;
  const reason = `more than ${rejected.length - 1} rows were refused, the first at line ${first?.line}: ${first?.reason}`;
  return new BulkLoadError(reason, { rejected });
}

/** Ends a transaction that was only a trial. */
class Trial extends Error {}

/** Cardinality, data and constraint errors, and what is too large for a column, a row or a key. */
function isRowsFault(error: unknown): boolean {
  const sqlstate = sqlstateOf(error) ?? "";
  if (sqlstate === "54000") {
    // These count the chunk, and no row of it is wrong.
    const ofTransaction: readonly string[] = [
      limits.bytesPerTransactionMax.message,
      limits.rowsPerTransactionMax.message,
      limits.transactionSecondsMax.message,
    ];
    return error instanceof Error && !ofTransaction.includes(error.message);
  }
  return /^2[123]/.test(sqlstate);
}

function rejection(row: Row, fault: unknown): RejectedRow {
  const sqlstate = sqlstateOf(fault);
  return { line: row.line, reason: reasonOf(fault), ...(sqlstate !== undefined && { sqlstate }) };
}

/** What PostgreSQL quotes is the row's value; a report must not carry it. */
function reasonOf(fault: unknown): string {
  const { message, constraint } = fault as { message: string; constraint?: string };
  const withoutValue = message.replace(/: ".*"$/s, "");
  return constraint === undefined || withoutValue.includes(constraint)
    ? withoutValue
    : `${withoutValue} (${constraint})`;
}
