/**
 * One statement of an open transaction, run by PostgreSQL itself, up to the point where that ends or the transaction has
 * to answer it otherwise.
 */
import { errors } from "@dsql-local/spec";
import { AssertionError, SqlError } from "../base/index.ts";
import type { Statement } from "../sql/index.ts";
import type { ErrorFieldMap } from "../wire/index.ts";
import { leavesReferences } from "./commit/gone-references.ts";
import { type KeyTaker, mayMeetGoneKey, meetsGoneKey, targetsOf } from "./commit/gone-keys.ts";
import { judge } from "./commit/judge.ts";
import type { Execution, Outcome, Sink } from "./exchange/execution.ts";
import { isStalePlan, postgresConflict, sqlErrorOf } from "./exchange/postgres-errors.ts";
import type { ExchangeResult } from "./exchange/statement-exchange.ts";
import type { Footprint } from "./footprint.ts";
import { deadlockAttemptsMax, type Hold, type Sent } from "./hold.ts";
import type { Budget } from "./limits/budget.ts";
import { planFor } from "./limits/write-size.ts";
import type { StatementPlan } from "./plan/plan.ts";
import type { TransactionServices } from "./services.ts";

export type NativeEnd =
  | { readonly kind: "answered"; readonly outcome: Outcome }
  /** Put aside after so many rows, since it stood in another's way. */
  | { readonly kind: "interrupted"; readonly rows: number }
  /** PostgreSQL looks keys up in the present; the transaction's snapshot shows others. */
  | { readonly kind: "answerFromSnapshot" }
  /** PostgreSQL has refused it for a key: the transaction has lost, unless its snapshot refuses it, too. */
  | { readonly kind: "keyTaken"; readonly refused: SqlError }
  /** The transaction can never commit. `refused`: what PostgreSQL has said of its statement. */
  | { readonly kind: "lost"; readonly refused?: ErrorFieldMap };

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
  async run(execution: Execution, planned: StatementPlan, sink: Sink): Promise<NativeEnd> {
    const { statement } = execution;
    let plan = planned;
    if (plan.refusal !== undefined) throw SqlError.of(plan.refusal);
    this.#note(statement, plan);
    if (this.#minds(statement, plan)) plan = await this.#recorded(statement);
    let current = execution;
    for (let attempt = 1; ; attempt++) {
      const sent = await this.#hold.send(current, planFor(current, plan), sink);
      const { result } = sent;
      if (result.kind === "interrupted") return result;
      if (result.kind !== "error") {
        if (!(await this.#isToBeRecorded(sent, statement, plan)))
          return await this.#accept(sent, statement, plan);
        refuseIfGivenOut(sent);
        if ((await this.#hold.redoFromBase()) === "lost") return { kind: "lost" };
        plan = await this.#recorded(statement);
        continue;
      }
      if (sent.hasGivenOut) throw sqlErrorOf(result.fields);
      if (mayNotLook(result.fields) && showsRows(plan)) {
        // The role may write the rows, but not see them; PostgreSQL would have to show what has been added.
        if ((await this.#hold.redoFromBase()) === "lost") return { kind: "lost" };
        plan = unseen(plan);
        continue;
      }
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
      if (hasOnConflict(statement)) return { kind: "answerFromSnapshot" };
      return { kind: "lost", refused: result.fields };
    }
  }

  #note(statement: Statement, plan: StatementPlan): void {
    const { footprint } = this.#context;
    if (plan.freesKeys) footprint.noteFreedKeys(statement);
    if (plan.releases) footprint.noteReleased(statement);
    for (const { name } of plan.locking?.written ?? []) footprint.replacesIn.add(name);
    if (plan.mayLockUnseen) footprint.hasLockedUnseen = true;
    if (plan.callsLocking) footprint.hasCalledLocking = true;
  }

  get #taker(): KeyTaker {
    const { history, catalog } = this.#services;
    const { sequence, searchPath } = this.#context;
    return { history, catalog, sequence, searchPath };
  }

  /** PostgreSQL, which looks for references in the present, has let a row go that others reference in the snapshot. */
  async #leavesReferences(
    { touched }: Sent,
    statement: Statement,
    plan: StatementPlan,
  ): Promise<boolean | "unknown"> {
    const gone = [
      ...(plan.freesKeys ? targetsOf(statement) : []),
      ...touched.filter(({ hasLost }) => hasLost),
    ];
    if (gone.length === 0) return false;
    return await leavesReferences(this.#hold, gone, this.#taker);
  }

  #minds(statement: Statement, plan: StatementPlan): boolean {
    return plan.takesKeys && mayMeetGoneKey(statement, this.#taker);
  }

  async #recorded(statement: Statement): Promise<StatementPlan> {
    return await this.#services.plans.recorded(statement, this.#context.searchPath);
  }

  /** Keys have been freed since it was sent, and which it has taken would show if its rows were recorded. */
  async #isToBeRecorded(
    { images, result }: Sent,
    statement: Statement,
    plan: StatementPlan,
  ): Promise<boolean> {
    if (images !== undefined || result.kind !== "complete" || !this.#minds(statement, plan)) return false;
    if (plan.mayNotLook === true || this.#hold.redo.isUnrepeatable) return false;
    return (await this.#recorded(statement)).recording !== undefined;
  }

  async #accept(sent: Sent, statement: Statement, plan: StatementPlan): Promise<NativeEnd> {
    if (sent.result.kind === "lost") throw sent.result.error;
    const { budget, footprint } = this.#context;
    footprint.noteTouched(sent.touched);
    const { history } = this.#services;
    const minds =
      this.#minds(statement, plan) ||
      sent.touched.some((one) => one.hasGained && history.hasFreedKeys(one.name, this.#context.sequence));
    const meets = minds && (await meetsGoneKey(this.#hold, sent, statement, this.#taker));
    const looksAhead =
      meets === true || meets === "unknown" ? meets : await this.#leavesReferences(sent, statement, plan);
    // A shadow could not show what the role may not look at, or what a function has written.
    if (looksAhead !== false) refuseIfGivenOut(sent);
    if (looksAhead === "unknown" || (looksAhead && statement.kind !== "write"))
      throw SqlError.of(errors.dataConflict);
    if (looksAhead) return { kind: "answerFromSnapshot" };
    if (plan.freesKeys) footprint.noteKeysSet(statement, sent.changed.rows);
    if (sent.changed.rows > 0) {
      footprint.noteChangedRows();
      budget.addRows(sent.changed.rows);
      budget.addBytes(sent.changed.bytes);
    }
    sent.accept();
    return { kind: "answered", outcome: outcomeOf(sent.result) };
  }
}

/** Too much of the answer to be held back: its client has had some, and cannot be given another. @throws {SqlError} 40001 */
function refuseIfGivenOut({ hasGivenOut }: Sent): void {
  if (hasGivenOut) throw SqlError.of(errors.dataConflict);
}

/** PostgreSQL refuses the role to see a column or a table, or to change it. */
function mayNotLook(fields: ErrorFieldMap): boolean {
  return fields.get("C") === postgresConflict.privilege;
}

/** The statement is sent with columns that show its rows. */
function showsRows(plan: StatementPlan): boolean {
  return plan.recording !== undefined || plan.isMeasured || plan.measured !== undefined;
}

/** The statement as its client wrote it. What would have to be recorded for redo cannot be run again then. */
function unseen(plan: StatementPlan): StatementPlan {
  return {
    ...plan,
    text: undefined,
    recording: undefined,
    isMeasured: false,
    measured: undefined,
    isUnrepeatable: plan.isUnrepeatable || plan.recording?.forRedo === true,
    mayNotLook: true,
  };
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
