/** How a statement is sent differently from what the client wrote: with row images, or with the places of locked rows. */
import type { Statement } from "../sql/index.ts";
import type { Catalog } from "./catalog.ts";
import { type LockingPlan, planLocking } from "./locking.ts";
import { planRecording, type RecordingPlan, setsKey } from "./recording.ts";

export interface StatementPlan {
  /** It may free keys: rows go, or their keys change. */
  readonly freesKeys: boolean;
  /** It may take keys that an older snapshot still shows as taken. */
  readonly takesKeys: boolean;
  /** A SELECT that may change something by way of a function: redo has to run it again. */
  readonly callsWritingFunction: boolean;
  readonly recording?: RecordingPlan | undefined;
  readonly locking?: LockingPlan | undefined;
}

export const asWritten: StatementPlan = { freesKeys: false, takesKeys: false, callsWritingFunction: false };

/** Plans kept; at the bound the oldest is forgotten. */
const plansMax = 2_048;

export class PlanCache {
  readonly #catalog: Catalog;
  readonly #plans = new Map<string, StatementPlan>();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** Forgets all: the catalog has changed. */
  clear(): void {
    this.#plans.clear();
  }

  /** @returns a promise only where the catalog has to be asked */
  for(statement: Statement, searchPath: readonly string[]): StatementPlan | Promise<StatementPlan> {
    const needsPlan =
      (statement.kind === "write" && statement.analysis.dml !== undefined) ||
      (statement.kind === "read" &&
        (statement.analysis.lockingClause !== "none" || statement.analysis.functions.length > 0));
    if (!needsPlan) return asWritten;
    const key = `${searchPath.join(",")}\0${statement.text}`;
    return this.#plans.get(key) ?? this.#make(key, statement, searchPath);
  }

  /** As `for`, with the rows recorded in any case. */
  async recorded(statement: Statement, searchPath: readonly string[]): Promise<StatementPlan> {
    return { ...asWritten, recording: await planRecording(statement, this.#catalog, searchPath, true) };
  }

  async #make(key: string, statement: Statement, searchPath: readonly string[]): Promise<StatementPlan> {
    const plan = {
      ...(await this.#keys(statement, searchPath)),
      callsWritingFunction: statement.kind === "read" && (await this.#callsWritingFunction(statement)),
      recording: await planRecording(statement, this.#catalog, searchPath),
      locking: await planLocking(statement, this.#catalog, searchPath),
    };
    if (this.#plans.size >= plansMax) this.#plans.delete(this.#plans.keys().next().value ?? key);
    this.#plans.set(key, plan);
    return plan;
  }

  async #callsWritingFunction(statement: Extract<Statement, { kind: "read" }>): Promise<boolean> {
    const writing = await this.#catalog.writingFunctions();
    return statement.analysis.functions.some((name) => writing.has(name));
  }

  async #keys(
    statement: Statement,
    searchPath: readonly string[],
  ): Promise<Pick<StatementPlan, "freesKeys" | "takesKeys">> {
    if (statement.kind !== "write") return asWritten;
    const { command, dml, hasDataModifyingCte } = statement.analysis;
    if (hasDataModifyingCte || dml === undefined) return { freesKeys: true, takesKeys: true };
    if (command === "insert") return { freesKeys: false, takesKeys: true };
    if (command === "delete") return { freesKeys: true, takesKeys: false };
    const table = await this.#catalog.table(dml.target, searchPath);
    const changesKeys = table === undefined || setsKey(dml.set, table);
    return { freesKeys: changesKeys, takesKeys: changesKeys };
  }
}
