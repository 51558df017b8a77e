/** Runs what has been judged: in the transaction that fits, with its parameters bound, within the bounds. */
import { UsageError } from "../errors.ts";
import { retryConflicts } from "../retry.ts";
import { type Transaction, transaction, type TransactionPool } from "../transaction.ts";
import { BoundedQuery, type BoundedResult, type ResultBounds } from "./bounded-query.ts";
import { type Judgement, judgeStatement } from "./judge.ts";
import { sideEffectsOf } from "./side-effects.ts";
import { withTimeLimit } from "./time-limit.ts";

/** What a statement may be given; arrays become PostgreSQL's. */
export type Parameter = string | number | boolean | null | readonly (string | number | boolean | null)[];

/** A statement that somebody else has written, and its values. */
export interface AdHocStatement {
  readonly sql: string;
  /** For `$1`, `$2`, … */
  readonly parameters?: readonly Parameter[] | undefined;
}

/** The bounds of a call. */
export interface AdHocOptions {
  /** 500 by default; more are cut off, and the result says so. */
  readonly rowsMax?: number | undefined;
  /** 1 MiB by default. */
  readonly bytesMax?: number | undefined;
  /** For the whole call, retries included; 30,000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Ends the call as the time limit does. */
  readonly signal?: AbortSignal | undefined;
}

/** The bounds of a call that names none. */
export const adHocDefaults = { rowsMax: 500, bytesMax: 1_048_576, timeoutMs: 30_000 } as const;

/** The statement was not run; nothing was. */
export class RefusedStatementError extends Error {
  override readonly name = "RefusedStatementError";
}

/**
 * Runs one statement that reads, in a READ ONLY transaction that is rolled back.
 *
 * @throws {RefusedStatementError} it does not only read
 * @throws {TimeLimitError} it took too long
 */
export async function adHocQuery(
  pool: TransactionPool,
  statement: AdHocStatement,
  options: AdHocOptions = {},
): Promise<BoundedResult> {
  const judgement = await judgeStatement(statement.sql);
  requireRunnable(judgement);
  if (judgement.effect !== "read") {
    throw new RefusedStatementError(
      judgement.effect === "ddl" ? "the statement changes the schema" : "the statement changes or locks rows",
    );
  }
  return await reading(pool, options, async (tx) => {
    await requireNoSideEffects(tx, judgement);
    return await run(tx, judgement.sql, statement.parameters, options);
  });
}

/**
 * The plan of a statement; with `analyze`, which runs it, of one that reads.
 *
 * @throws {RefusedStatementError} EXPLAIN does not take it, or it is to be run and does not only read
 */
export async function adHocExplain(
  pool: TransactionPool,
  { analyze, ...statement }: AdHocStatement & { readonly analyze: boolean },
  options: AdHocOptions = {},
): Promise<BoundedResult> {
  const judgement = await judgeStatement(statement.sql);
  requireRunnable(judgement);
  if (!judgement.isExplainable) throw new RefusedStatementError("EXPLAIN takes queries and changes of rows");
  if (analyze && judgement.effect !== "read") {
    throw new RefusedStatementError("analyze runs the statement, and this one does not only read");
  }
  return await reading(pool, options, async (tx) => {
    if (analyze) await requireNoSideEffects(tx, judgement);
    const sql = `EXPLAIN ${analyze ? "ANALYZE " : ""}VERBOSE ${judgement.sql}`;
    return await run(tx, sql, statement.parameters, options);
  });
}

/** Statements in a transaction: a client that asks for more wants a migration or a bulk load. */
const statementsMax = 100;

/**
 * Runs statements that read or change rows in one transaction, again from its beginning after a conflict.
 *
 * @throws {RefusedStatementError} one of them does something else; none has run
 * @throws {TimeLimitError} it took too long; nothing was committed
 * @throws {OutcomeUnknownError} the connection was lost during COMMIT
 */
export async function adHocTransaction(
  pool: TransactionPool,
  statements: readonly AdHocStatement[],
  options: AdHocOptions = {},
): Promise<BoundedResult[]> {
  if (statements.length === 0 || statements.length > statementsMax) {
    throw new UsageError(`a transaction has 1 to ${statementsMax} statements`);
  }
  const judgements = await Promise.all(statements.map(({ sql }) => judgeStatement(sql)));
  for (const judgement of judgements) {
    requireRunnable(judgement);
    if (judgement.effect === "ddl") {
      throw new RefusedStatementError("a change of the schema is a transaction of its own: send it alone");
    }
  }
  return await withTimeLimit(pool, limitOf(options), (guarded) =>
    transaction(guarded, async (tx) => {
      // All before the first: what is refused leaves nothing to roll back.
      for (const judgement of judgements) await requireNoSideEffects(tx, { ...judgement, effect: "write" });
      const results: BoundedResult[] = [];
      for (const [index, { sql }] of judgements.entries()) {
        results.push(await run(tx, sql, statements[index]?.parameters, options));
      }
      return results;
    }),
  );
}

/**
 * Runs one change of the schema, which Aurora DSQL wants alone in its transaction.
 *
 * @throws {RefusedStatementError} it is something else, a change of roles and privileges for example
 */
export async function adHocDdl(
  pool: TransactionPool,
  sql: string,
  options: AdHocOptions = {},
): Promise<BoundedResult> {
  const judgement = await judgeStatement(sql);
  requireRunnable(judgement);
  if (judgement.effect !== "ddl") throw new RefusedStatementError("the statement is no change of the schema");
  return await withTimeLimit(pool, limitOf(options), (guarded) =>
    retryConflicts(async () => {
      const client = await guarded.connect();
      client.on("error", ignore);
      let isUsable = false;
      try {
        const result = await run(client, judgement.sql, [], options);
        isUsable = true;
        return result;
      } finally {
        client.off("error", ignore);
        client.release(!isUsable);
      }
    }),
  );
}

function requireRunnable({ effect, reason }: Judgement): void {
  if (effect === "refused") throw new RefusedStatementError(reason ?? "the statement is not run here");
}

async function requireNoSideEffects(tx: Transaction, judgement: Judgement): Promise<void> {
  const names = await sideEffectsOf(tx, judgement);
  if (names.length === 0) return;
  throw new RefusedStatementError(`${names.join(", ")} may have side effects, so it is not called here`);
}

async function run(
  tx: Pick<Transaction, "query">,
  sql: string,
  parameters: AdHocStatement["parameters"] = [],
  options: AdHocOptions,
): Promise<BoundedResult> {
  return await new BoundedQuery(sql, parameters, boundsOf(options)).runOn(tx);
}

/** Thrown through `transaction()`, which rolls back then. */
class Answered extends Error {
  readonly result: BoundedResult;

  constructor(result: BoundedResult) {
    super("the answer is there: the transaction is rolled back");
    this.result = result;
  }
}

async function reading(
  pool: TransactionPool,
  options: AdHocOptions,
  work: (tx: Transaction) => Promise<BoundedResult>,
): Promise<BoundedResult> {
  try {
    return await withTimeLimit(pool, limitOf(options), (guarded) =>
      transaction(
        guarded,
        async (tx) => {
          throw new Answered(await work(tx));
        },
        { readOnly: true },
      ),
    );
  } catch (error) {
    // The answer came in time even if ROLLBACK did not.
    const answered = error instanceof Error && error.cause instanceof Answered ? error.cause : error;
    if (answered instanceof Answered) return answered.result;
    throw error;
  }
}

function boundsOf({ rowsMax, bytesMax }: AdHocOptions): ResultBounds {
  return { rowsMax: rowsMax ?? adHocDefaults.rowsMax, bytesMax: bytesMax ?? adHocDefaults.bytesMax };
}

function limitOf({ timeoutMs, signal }: AdHocOptions): {
  timeoutMs: number;
  signal: AbortSignal | undefined;
} {
  return { timeoutMs: timeoutMs ?? adHocDefaults.timeoutMs, signal };
}

function ignore(): void {
  // The statement under way rejects with the same error.
}
