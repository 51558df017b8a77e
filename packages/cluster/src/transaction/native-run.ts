/**
 * One statement of an open transaction, run by PostgreSQL itself, up to the point where that ends or the transaction has
 * to answer it otherwise.
 */
import { AssertionError, SqlError } from "../base/index.ts";
import type { Statement } from "../sql/index.ts";
import { mayMeetGoneKey, meetsGoneKey } from "./commit/gone-keys.ts";
import { judge } from "./commit/judge.ts";
import type { Execution, Outcome, Sink } from "./exchange/execution.ts";
import { isStalePlan, sqlErrorOf } from "./exchange/postgres-errors.ts";
import type { ExchangeResult } from "./exchange/statement-exchange.ts";
import type { Footprint } from "./footprint.ts";
import { deadlockAttemptsMax, type Hold, type Sent } from "./hold.ts";
import type { Budget } from "./limits/budget.ts";
import { planFor } from "./limits/write-size.ts";
import type { TransactionServices } from "./services.ts";

export type NativeEnd =
  | { readonly kind: "answered"; readonly outcome: Outcome }
  /** Put aside after so many rows, since it stood in another's way. */
  | { readonly kind: "interrupted"; readonly rows: number }
  /** PostgreSQL looks keys up in the present; the transaction's snapshot shows others. */
  | { readonly kind: "answerFromSnapshot" }
  /** PostgreSQL has refused it for a key: the transaction has lost, unless its snapshot refuses it, too. */
  | { readonly kind: "keyTaken"; readonly refused: SqlError }
  /** The transaction can never commit. */
  | { readonly kind: "lost" };

export interface NativeContext {
  /** Where the transaction's snapshot stands in the order of commits. */
  readonly sequence: number;
  readonly searchPath: readonly string[];
  readonly footprint: Footprint;
  readonly budget: Budget;
}

export class NativeRun {
  readonly #services: TransactionServices;
  readonly #hold: Hold;
  readonly #context: NativeContext;

  constructor(services: TransactionServices, hold: Hold, context: NativeContext) {
    this.#services = services;
    this.#hold = hold;
    this.#context = context;
  }

  /** @throws {SqlError} the client's own error, or a limit is crossed */
  async run(execution: Execution, sink: Sink): Promise<NativeEnd> {
    const { statement } = execution;
    const planned = this.#services.plans.for(statement, this.#context.searchPath);
    let plan = planned instanceof Promise ? await planned : planned;
    if (plan.refusal !== undefined) throw SqlError.of(plan.refusal);
    if (plan.freesKeys) this.#context.footprint.noteFreedKeys(statement);
    const { history, plans } = this.#services;
    const minds = plan.takesKeys && mayMeetGoneKey(statement, history, this.#context.sequence);
    if (minds) plan = await plans.recorded(statement, this.#context.searchPath);
    let current = execution;
    for (let attempt = 1; ; attempt++) {
      const sent = await this.#hold.send(current, planFor(current, plan), sink);
      const { result } = sent;
      if (result.kind === "interrupted") return result;
      if (result.kind !== "error") return await this.#accept(sent, statement, minds);
      if (isStalePlan(result.fields) && attempt < deadlockAttemptsMax) {
        current = { ...execution, prepared: this.#services.texts.renew(execution.prepared) };
        if ((await this.#hold.redoFromBase()) === "done") continue;
      } else {
        const { searchPath } = this.#context;
        const refusal = { fields: result.fields, attempt, statement: { execution: current, searchPath } };
        const meaning = await judge(this.#services, this.#hold, refusal);
        if (meaning === "again") continue;
        if (meaning === "askShadow") return { kind: "keyTaken", refused: sqlErrorOf(result.fields) };
      }
      // ON CONFLICT DO NOTHING loses nothing to a row that it leaves alone.
      return { kind: hasOnConflict(statement) ? "answerFromSnapshot" : "lost" };
    }
  }

  async #accept(sent: Sent, statement: Statement, minds: boolean): Promise<NativeEnd> {
    if (sent.result.kind === "lost") throw sent.result.error;
    if (minds && (await this.#meetsGoneKey(sent, statement))) return { kind: "answerFromSnapshot" };
    const { budget, footprint } = this.#context;
    if (sent.changed.rows > 0) {
      footprint.noteChangedRows();
      budget.addRows(sent.changed.rows);
      budget.addBytes(sent.changed.bytes);
    }
    sent.accept();
    return { kind: "answered", outcome: outcomeOf(sent.result) };
  }

  async #meetsGoneKey(sent: Sent, statement: Statement): Promise<boolean> {
    const tables = await this.#services.catalog.tablesOf(statement, this.#context.searchPath);
    return await meetsGoneKey(this.#hold, sent, statement, tables);
  }
}

function hasOnConflict(statement: Statement): boolean {
  return statement.kind === "write" && statement.analysis.dml?.onConflict !== undefined;
}

/** @throws {SqlError} the statement failed */
export function outcomeOf(result: ExchangeResult): Outcome {
  switch (result.kind) {
    case "complete":
      return { kind: "complete", tag: result.tag };
    case "suspended":
      return { kind: "suspended", rows: result.rows };
    case "empty":
      return { kind: "empty" };
    case "interrupted":
      throw new AssertionError("only a read of an open transaction is interrupted");
    case "error":
      throw sqlErrorOf(result.fields);
    case "lost":
      throw result.error;
  }
}
