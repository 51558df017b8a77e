/**
 * Asks PostgreSQL itself what stands in the way of an INSERT that it has refused with 23505: the same rows once more, with
 * ON CONFLICT DO NOTHING, behind a savepoint.
 *
 * In REPEATABLE READ that skips a row that the snapshot shows or the transaction has written, and fails with 40001 on one
 * that was committed since. Without a target it needs no right to read, and it goes by the index: no value becomes text.
 *
 * Source: PostgreSQL, src/backend/executor/nodeModifyTable.c, ExecCheckTIDVisible.
 */
import type { DmlShape } from "../../sql/index.ts";
import { decodeBindArguments, encodeBindArguments } from "../../wire/index.ts";
import { PostgresError, requestBound, requestSimple } from "../../backend/index.ts";
import { describeParameters } from "../exchange/describe.ts";
import type { Execution } from "../exchange/execution.ts";
import { postgresConflict } from "../exchange/postgres-errors.ts";
import type { Hold } from "../hold.ts";

/** `unknown`: run again it takes other keys, as a sequence gives them, or is refused for something else. */
export type InTheWay = "seen" | "unseen" | "unknown";

const savepoint = "dsql_again";

/**
 * @param hold - with the transaction's effects in place up to the refused statement; it stands there again afterwards
 * @param dml - of an INSERT without ON CONFLICT
 */
export async function insertAgain(hold: Hold, execution: Execution, dml: DmlShape): Promise<InTheWay> {
  const { backend } = hold.lease;
  // RETURNING goes, and with it perhaps the only place of a parameter.
  const parameterTypes = await hold.watched(() => describeParameters(backend, execution.prepared));
  const { formats, values } = decodeBindArguments(execution.bindArguments);
  const insert = execution.statement.text.slice(0, dml.insertSource?.end ?? dml.target.end);
  const text = `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, FORMAT JSON) ${insert}\nON CONFLICT DO NOTHING`;
  const bindArguments = encodeBindArguments(formats, values, []);
  await hold.request(`SAVEPOINT ${savepoint}`);
  try {
    const { rows } = await hold.watched(() => requestBound(backend, { text, parameterTypes, bindArguments }));
    return skippedIn(JSON.parse(rows[0]?.[0] ?? "[]")) > 0 ? "seen" : "unknown";
  } catch (error) {
    if (!(error instanceof PostgresError)) throw error;
    return error.sqlstate === postgresConflict.serialization ? "unseen" : "unknown";
  } finally {
    await requestSimple(backend, `ROLLBACK TO SAVEPOINT ${savepoint}; RELEASE SAVEPOINT ${savepoint}`);
  }
}

/** The plan's count of rows that were left out. */
function skippedIn(plan: unknown): number {
  if (typeof plan !== "object" || plan === null) return 0;
  return Object.entries(plan).reduce(
    (sum, [name, value]) => sum + (name === "Conflicting Tuples" ? Number(value) : skippedIn(value)),
    0,
  );
}
