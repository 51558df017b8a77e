/**
 * A transaction with retry: the function runs between BEGIN and COMMIT, and again from BEGIN if another transaction was
 * first to commit a change of the same rows.
 *
 * Promises
 * - A conflict, and nothing else, runs the function again; each time on a new snapshot.
 * - A client whose ROLLBACK failed, or whose connection broke, is destroyed and never goes back to the pool.
 * - A connection that breaks while COMMIT is under way gives {@link OutcomeUnknownError}, and nothing is run again.
 * - A connection that turns out dead at BEGIN is replaced: the function has not run yet.
 *
 * The function may run several times. It must not
 * - do what a rollback does not undo: send mail, call another service, write to a queue, count in a variable outside,
 * - hold on to `tx` or leave a statement of it unawaited: after the end every statement is refused,
 * - begin another transaction on the same pool, which would neither nest nor roll back with this one,
 * - wait for people: a transaction ends after 300 s, and the longer it is open the likelier it loses.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/working-with-concurrency-control.html
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { ClientBase, PoolClient } from "pg";
import {
  isConnectionLost,
  isOutcomeUnknown,
  OutcomeUnknownError,
  RolledBackError,
  UsageError,
} from "./errors.ts";
import { RetryBudget, retryConflicts, type RetryOptions } from "./retry.ts";
import { type OnEnd, tellingEnd } from "./transaction-end.ts";

/** As much of `pg.Pool` as is needed. The pool of any connector will do. */
export interface TransactionPool {
  connect(): Promise<PoolClient>;
}

/** What the function runs its statements on. */
export interface Transaction {
  /** As `pg.Client.query`. @throws {UsageError} once the transaction is over */
  readonly query: ClientBase["query"];
  /** Counts from 1. */
  readonly attempt: number;
}

/** For `transaction()`; all of them are optional. */
export interface TransactionOptions extends RetryOptions {
  /** `BEGIN READ ONLY`: such a transaction conflicts with nothing but a change of the schema. */
  readonly readOnly?: boolean | undefined;
  /** Aurora DSQL has repeatable read (snapshot isolation) only; any other level is refused before a connection is used. */
  readonly isolation?: string | undefined;
  /** Handed on with an {@link OutcomeUnknownError}; see `idempotency.ts` for what resolves it. */
  readonly idempotencyKey?: string | undefined;
  /** For metrics. */
  readonly onEnd?: OnEnd;
}

/** Dead connections replaced in a row before the trouble is reported as it is. */
const replacedMax = 3;

const budgets = new WeakMap<TransactionPool, RetryBudget>();
const openOn = new AsyncLocalStorage<TransactionPool>();

/**
 * @returns what the function returned in the attempt that was committed
 * @throws {RetriesExhaustedError} code 40001: attempts, deadline or budget used up; nothing was committed
 * @throws {OutcomeUnknownError} code 08007: the connection broke during COMMIT; it may have been committed
 * @throws {RolledBackError} code 25P02: the function swallowed the error of a statement; nothing was committed
 * @throws {UsageError} a transaction within a transaction, or an isolation level that does not exist here
 * @throws whatever the function throws, after ROLLBACK
 */
export async function transaction<Result>(
  pool: TransactionPool,
  run: (tx: Transaction) => Promise<Result>,
  options: TransactionOptions = {},
): Promise<Result> {
  checkUsage(pool, options);
  const budget = options.budget ?? budgetOf(pool);
  return await tellingEnd(options.onEnd, (noteAttempt) =>
    retryConflicts(
      (attempt) => {
        noteAttempt(attempt);
        return openOn.run(pool, () => attemptOnce(pool, { run, attempt, options }));
      },
      { ...options, budget },
    ),
  );
}

function checkUsage(pool: TransactionPool, { isolation }: TransactionOptions): void {
  if (openOn.getStore() === pool) {
    throw new UsageError("a transaction is open already and they do not nest: pass its tx on instead");
  }
  if (isolation !== undefined && isolation.toLowerCase() !== "repeatable read") {
    throw new UsageError(
      `Aurora DSQL has no isolation level but repeatable read, so not "${isolation}": ` +
        "SELECT … FOR UPDATE the rows that a decision depends on",
    );
  }
}

function budgetOf(pool: TransactionPool): RetryBudget {
  const known = budgets.get(pool) ?? new RetryBudget();
  budgets.set(pool, known);
  return known;
}

interface Attempt<Result> {
  readonly run: (tx: Transaction) => Promise<Result>;
  readonly attempt: number;
  readonly options: TransactionOptions;
}

async function attemptOnce<Result>(pool: TransactionPool, work: Attempt<Result>): Promise<Result> {
  const client = await begun(pool, work.options.readOnly === true ? "BEGIN READ ONLY" : "BEGIN");
  // A client in use has no listener of its pool's; without one, a connection that breaks between two statements would
  // end the process. The next statement reports the break.
  client.on("error", ignore);
  const handle = openHandle(client, work.attempt);
  try {
    const result = await work.run(handle.tx);
    handle.close();
    await commit(client, work.options.idempotencyKey);
    client.off("error", ignore);
    client.release();
    return result;
  } catch (error) {
    handle.close();
    const isUsable = !(error instanceof OutcomeUnknownError) && (await rolledBack(client));
    client.off("error", ignore);
    client.release(!isUsable);
    throw error;
  }
}

/** @returns a client with an open block */
async function begun(pool: TransactionPool, statement: string): Promise<PoolClient> {
  for (let replaced = 0; ; replaced++) {
    const client = await pool.connect();
    client.on("error", ignore);
    try {
      await client.query(statement);
      return client;
    } catch (error) {
      client.release(true);
      if (replaced >= replacedMax || !isConnectionLost(error)) throw error;
    } finally {
      client.off("error", ignore);
    }
  }
}

async function commit(client: PoolClient, idempotencyKey: string | undefined): Promise<void> {
  let command: string;
  try {
    ({ command } = await client.query("COMMIT"));
  } catch (error) {
    if (isOutcomeUnknown(error)) throw new OutcomeUnknownError({ cause: error, idempotencyKey });
    throw error;
  }
  if (command === "ROLLBACK") throw new RolledBackError();
}

/** @returns whether the client may be used again */
async function rolledBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query("ROLLBACK");
    return true;
  } catch {
    // The error that led here is the one to tell; this one only says that the connection is of no more use.
    return false;
  }
}

/** A handle that ends with the transaction, so that a forgotten `await` does not write outside of it. */
function openHandle(client: PoolClient, attempt: number): { tx: Transaction; close: () => void } {
  let isOver = false;
  const query = (...parameters: Parameters<ClientBase["query"]>): unknown => {
    if (isOver) throw new UsageError("the transaction is over: await every statement inside its function");
    return client.query(...parameters);
  };
  return {
    tx: { query: query as ClientBase["query"], attempt },
    close: () => {
      isOver = true;
    },
  };
}

function ignore(): void {
  // The statement under way, or the next one, rejects with the same error.
}
