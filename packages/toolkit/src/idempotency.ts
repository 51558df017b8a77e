/**
 * Idempotency keys: what is done under a key is done once, however often it is asked for.
 *
 * The key is a row that is inserted in the same transaction as the work, so either both are committed or neither. Who
 * comes again with the key gets the stored result. That also resolves {@link OutcomeUnknownError}: the work is asked for
 * again, and if the lost COMMIT was done after all, even at this very moment, the key's row decides.
 *
 * Rows are spread by their keys, which are random (a UUID made by whoever asks), so the table has no hot spot.
 */
import { isDeepStrictEqual } from "node:util";
import { OutcomeUnknownError, UsageError } from "./errors.ts";
import { quoteTable } from "./identifiers.ts";
import {
  type Transaction,
  transaction,
  type TransactionOptions,
  type TransactionPool,
} from "./transaction.ts";

/** For `once()`: the key of the work, and the options of its transaction. */
export interface OnceOptions extends Omit<TransactionOptions, "idempotencyKey" | "readOnly"> {
  /** Made by whoever asks, and sent again with each repetition; 1 to 200 characters. */
  readonly key: string;
  /** What is asked for, as JSON. A key that comes again with another request is refused. */
  readonly request?: unknown;
  /** `idempotency_key` by default. */
  readonly table?: string | readonly string[] | undefined;
  /** Times that a COMMIT of unknown outcome is resolved by asking again; 3 by default. */
  readonly resolutions?: number | undefined;
}

/** What `once()` returns. */
export interface Once<Result> {
  readonly result: Result;
  /** The work had been done before; the result is the one stored then. */
  readonly isRepeated: boolean;
}

/** The key has been used for another request. */
export class KeyReusedError extends Error {
  override readonly name = "KeyReusedError";

  constructor() {
    super("the idempotency key has been used for another request");
  }
}

const tableDefault = "idempotency_key";
const keyLengthMax = 200;
const resolutionsDefault = 3;

/** The table that {@link once} keeps its keys in. Results are text: JSON without a limit on the service's version. */
export function idempotencyTable(table: string | readonly string[] = tableDefault): string {
  return `CREATE TABLE IF NOT EXISTS ${quoteTable(table)} (
    key varchar(${keyLengthMax}) PRIMARY KEY,
    request text NOT NULL,
    result text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  )`;
}

/**
 * Does `work` in a transaction unless its key has been used before.
 *
 * @param work - as of {@link transaction}; its result is stored as JSON and given to all who repeat the key
 * @throws {KeyReusedError} the key was used for another `request`
 * @throws {OutcomeUnknownError} the connection was lost at COMMIT again and again; ask once more with the same key
 */
export async function once<Result>(
  pool: TransactionPool,
  work: (tx: Transaction) => Promise<Result>,
  options: OnceOptions,
): Promise<Once<Result>> {
  if (options.key === "" || options.key.length > keyLengthMax) {
    throw new UsageError(`an idempotency key has 1 to ${keyLengthMax} characters`);
  }
  const resolutions = options.resolutions ?? resolutionsDefault;
  for (let resolution = 0; ; resolution++) {
    try {
      return await attempt(pool, work, options);
    } catch (error) {
      const isUnknown = error instanceof OutcomeUnknownError;
      // Committed between our look and our INSERT: the next look finds it.
      const isTaken = error instanceof KeyTaken;
      if (!(isUnknown || isTaken) || resolution >= resolutions) throw error;
    }
  }
}

class KeyTaken extends Error {}

async function attempt<Result>(
  pool: TransactionPool,
  work: (tx: Transaction) => Promise<Result>,
  options: OnceOptions,
): Promise<Once<Result>> {
  const table = quoteTable(options.table ?? tableDefault);
  const request = jsonOf(options.request);
  return await transaction(
    pool,
    async (tx) => {
      const stored = await storedResult<Result>(tx, table, { key: options.key, request });
      if (stored !== undefined) return { result: stored.result, isRepeated: true };
      const result = await work(tx);
      const inserted = await tx.query(
        `INSERT INTO ${table} (key, request, result) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
        [options.key, request, jsonOf(result)],
      );
      if (inserted.rowCount !== 1) throw new KeyTaken("the idempotency key was taken meanwhile");
      return { result, isRepeated: false };
    },
    { ...options, idempotencyKey: options.key },
  );
}

async function storedResult<Result>(
  tx: Transaction,
  table: string,
  asked: { readonly key: string; readonly request: string },
): Promise<{ result: Result } | undefined> {
  const { rows } = await tx.query<{ request: string; result: string }>(
    `SELECT request, result FROM ${table} WHERE key = $1`,
    [asked.key],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  // Compared as values: two programs may write the fields of one request in another order.
  if (!isDeepStrictEqual(JSON.parse(row.request), JSON.parse(asked.request))) throw new KeyReusedError();
  const parsed = JSON.parse(row.result) as { value?: Result };
  return { result: parsed.value as Result };
}

/** In an object, because JSON has no `undefined` of its own. @throws {UsageError} JSON has no such value */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify({ value });
  } catch (cause) {
    throw new UsageError("request and result of an idempotency key are kept as JSON, which this one is not", {
      cause,
    });
  }
}
