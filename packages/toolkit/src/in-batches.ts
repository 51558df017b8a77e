/**
 * UPDATE and DELETE of any number of rows, a range of keys at a time, each range in a transaction of its own.
 *
 *     await inBatches(pool, { action: "delete", table: "session", key: "id", where: "expires_at < $1", values: [now] });
 *
 * Promises
 * - A range holds at most `rowsMax` of the rows that match, found and changed in one snapshot.
 * - Every row that matches when its range comes is changed once; the ranges follow the key upwards, so rows that are
 *   added meanwhile below are not seen.
 * - It stops between two ranges as well as it starts there: `afterKey` goes on where `onProgress` last said.
 * - With `concurrency`, ranges apart from each other are changed on several connections; at no key that was told as
 *   `lastKey` is anything left undone below.
 *
 * The whole is not one transaction. Others see it half done, and what was done stays done if it ends early.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/CHAP_quotas.html
 */
import { checkedBounds } from "./batch.ts";
import { UsageError } from "./errors.ts";
import { type BatchChange, type KeyRange, type Page, RangeStatement } from "./range-statement.ts";
import { transaction, type TransactionOptions, type TransactionPool } from "./transaction.ts";

export type { BatchChange } from "./range-statement.ts";

/** What is committed so far. */
export interface BatchProgress {
  readonly rows: number;
  readonly transactions: number;
  /** Up to this key everything is done; each column as text. */
  readonly lastKey: readonly string[];
}

/** For `inBatches()`; those of `transaction()` hold for each batch. */
export interface InBatchesOptions extends TransactionOptions {
  /** 1,000 by default, 3,000 at most. */
  readonly rowsMax?: number | undefined;
  /** Starts behind this key: `lastKey` of an earlier run. */
  readonly afterKey?: readonly string[] | undefined;
  /**
   * Ranges that are changed at once, as far as the pool has connections; 1 by default. Where each range begins is then
   * read ahead. A run that ended early has done some rows above its `lastKey` too, and `afterKey` would do them again.
   */
  readonly concurrency?: number | undefined;
  /** Ends the run after the transactions under way; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** After each transaction. What it throws ends the run there. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined;
}

/**
 * @returns rows changed in all, and the key to go on from
 * @throws what {@link transaction} throws. After an OutcomeUnknownError run it again from `afterKey` if the change may be
 *   done twice (a DELETE, or `status = 'x'`); if not (`n = n + 1`), look first.
 */
export async function inBatches(
  pool: TransactionPool,
  change: BatchChange,
  options: InBatchesOptions = {},
): Promise<BatchProgress> {
  const { rowsMax } = checkedBounds({ rowsMax: options.rowsMax });
  const concurrency = options.concurrency ?? 1;
  if (!(Number.isInteger(concurrency) && concurrency >= 1))
    throw new UsageError("concurrency is a whole number of at least 1");
  const run: Run = {
    pool,
    statement: new RangeStatement(change, rowsMax),
    tally: new Tally(options),
    options,
  };
  const ranges = rangesOf(run, { areMany: concurrency > 1 });
  const workers = Array.from({ length: concurrency }, () => changeRanges(run, ranges));
  // What is under way is finished before the first error is told: nothing goes on behind the caller's back.
  const ended = await Promise.allSettled(workers);
  for (const end of ended) if (end.status === "rejected") throw end.reason;
  return run.tally.progress;
}

interface Run {
  readonly pool: TransactionPool;
  readonly statement: RangeStatement;
  readonly tally: Tally;
  readonly options: InBatchesOptions;
}

interface RangeUnderWay extends KeyRange {
  readonly mark: Mark;
}

/** The ranges in the order of their keys; where there is nothing to share, the whole is one. */
async function* rangesOf(
  run: Run,
  { areMany }: { areMany: boolean },
): AsyncGenerator<RangeUnderWay, void, undefined> {
  let after = run.options.afterKey ?? [];
  while (areMany) {
    const upTo = await transaction(run.pool, (tx) => run.statement.end(tx, after), {
      ...run.options,
      readOnly: true,
    });
    if (upTo === undefined) break;
    yield { after, upTo, mark: run.tally.begin() };
    after = upTo;
  }
  yield { after, mark: run.tally.begin() };
}

/** One of those who share the ranges. Its error closes them for the others. */
async function changeRanges(run: Run, ranges: AsyncGenerator<RangeUnderWay, void, undefined>): Promise<void> {
  for await (const range of ranges) await changeRange(run, range);
}

/** Page by page: rows may have been added since the range was measured. */
async function changeRange(run: Run, { mark, ...range }: RangeUnderWay): Promise<void> {
  const { pool, statement, tally, options } = run;
  for (let { after } = range; !mark.isDone;) {
    options.signal?.throwIfAborted();
    const from = { ...range, after };
    const page = await transaction(pool, (tx) => statement.change(tx, from), options);
    tally.add(mark, page);
    after = page?.lastKey ?? after;
  }
}

/** How far a range has come. */
interface Mark {
  lastKey: readonly string[] | undefined;
  isDone: boolean;
}

/** Counts what is done, and knows the key below which no range has anything left. */
class Tally {
  progress: BatchProgress;
  readonly #onProgress: InBatchesOptions["onProgress"];
  /** Ranges that are not done, or lie above one that is not; in the order of their keys. */
  readonly #marks: Mark[] = [];

  constructor({ afterKey, onProgress }: InBatchesOptions) {
    this.progress = { rows: 0, transactions: 0, lastKey: afterKey ?? [] };
    this.#onProgress = onProgress;
  }

  begin(): Mark {
    const mark: Mark = { lastKey: undefined, isDone: false };
    this.#marks.push(mark);
    return mark;
  }

  /** @param page - undefined when nothing was left in the range */
  add(mark: Mark, page: Page | undefined): void {
    mark.isDone = page?.isLast ?? true;
    mark.lastKey = page?.lastKey ?? mark.lastKey;
    const lastKey = this.#settle();
    if (page === undefined) {
      this.progress = { ...this.progress, lastKey };
      return;
    }
    const { rows, transactions } = this.progress;
    this.progress = { rows: rows + page.rows, transactions: transactions + 1, lastKey };
    this.#onProgress?.(this.progress);
  }

  #settle(): readonly string[] {
    let { lastKey } = this.progress;
    for (let [first] = this.#marks; first !== undefined; [first] = this.#marks) {
      lastKey = first.lastKey ?? lastKey;
      if (!first.isDone) break;
      this.#marks.shift();
    }
    return lastKey;
  }
}
