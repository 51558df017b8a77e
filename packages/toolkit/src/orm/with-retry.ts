/**
 * Transactions of somebody else's making, with the retry of `transaction.ts`.
 *
 * An ORM opens and ends the transaction itself, so it cannot be seen what happens at COMMIT. But the function can be
 * watched: if it has returned and the ORM then reports a broken connection, COMMIT was under way.
 */
import { isConflict, isConnectionLost, OutcomeUnknownError, sqlstateOf } from "../errors.ts";
import { RetryBudget, retryConflicts, type RetryOptions } from "../retry.ts";
import { type OnEnd, tellingEnd } from "../transaction-end.ts";

/** For the adapters: those of `transaction()` that an ORM leaves to us. */
export interface AdapterOptions extends RetryOptions {
  /** Handed on with an {@link OutcomeUnknownError}. */
  readonly idempotencyKey?: string | undefined;
  /** For metrics. */
  readonly onEnd?: OnEnd;
}

const budgets = new WeakMap<object, RetryBudget>();

/**
 * @param owner - whose transactions share a retry budget: the ORM's database object
 * @param begin - runs its argument in a transaction of the ORM
 * @throws {RetriesExhaustedError} code 40001; nothing was committed
 * @throws {OutcomeUnknownError} code 08007; it may have been committed
 */
export async function runWithRetry<Tx, Result>(
  owner: object,
  begin: (run: (tx: Tx) => Promise<unknown>) => Promise<unknown>,
  run: (tx: Tx) => Promise<Result>,
  options: AdapterOptions,
): Promise<Result> {
  const budget = options.budget ?? budgetOf(owner);
  return await tellingEnd(options.onEnd, (noteAttempt) =>
    retryConflicts(
      (attempt) => {
        noteAttempt(attempt);
        return attemptOnce(begin, run, options);
      },
      { ...options, budget },
    ),
  );
}

async function attemptOnce<Tx, Result>(
  begin: (run: (tx: Tx) => Promise<unknown>) => Promise<unknown>,
  run: (tx: Tx) => Promise<Result>,
  { idempotencyKey }: AdapterOptions,
): Promise<Result> {
  let returned: { result: Result } | undefined;
  try {
    await begin(async (tx) => {
      const result = await run(tx);
      returned = { result };
      return result;
    });
  } catch (error) {
    if (returned !== undefined && isCommitUnknown(error))
      throw new OutcomeUnknownError({ cause: error, idempotencyKey });
    throw error;
  }
  // The ORM has reported success, so the function has returned; its own return value may be wrapped or lost by then.
  return (returned as unknown as { result: Result }).result;
}

/** Errors of the ORM itself carry no SQLSTATE either, so only what says that the connection broke counts. */
function isCommitUnknown(error: unknown): boolean {
  return !isConflict(error) && (isConnectionLost(error) || sqlstateOf(error) === "XX000");
}

function budgetOf(owner: object): RetryBudget {
  const known = budgets.get(owner) ?? new RetryBudget();
  budgets.set(owner, known);
  return known;
}
