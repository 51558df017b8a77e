/**
 * The coordinator: leases, redo, parking, losing, limits, catalog versions.
 *
 * Promises snapshot isolation with first-committer-wins: no statement waits for an open transaction whose client
 * thinks, and a loser hears 40001 at COMMIT (at the statement outside a block).
 */
export { Coordinator, type CoordinatorOptions } from "./coordinator.ts";
export { applicationNameIn } from "./commit/loss.ts";
export { describe, type Description } from "./exchange/describe.ts";
export type { CopyInput, Execution, Outcome, Sink } from "./exchange/execution.ts";
export { answerWith, type OwnAnswer } from "./exchange/own-answer.ts";
export { InnerSink, PassingSink } from "./exchange/sinks.ts";
export type { Hold } from "./hold.ts";
export { sqlErrorOf } from "./exchange/postgres-errors.ts";
export type { SessionView } from "./services.ts";
export type { TransactionState } from "./state.ts";
export { Transaction } from "./transaction.ts";
