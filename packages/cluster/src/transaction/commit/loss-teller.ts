/** Tells a transaction's loss, once, where somebody listens; gathers what it needs for that while the snapshot is there. */
import { errors } from "@dsql-local/spec";
import { type Actor, SqlError } from "../../base/index.ts";
import type { ErrorFieldMap } from "../../wire/index.ts";
import type { Execution } from "../exchange/execution.ts";
import type { Footprint } from "../footprint.ts";
import type { Hold } from "../hold.ts";
import type { TransactionServices } from "../services.ts";
import { lossDetail } from "./loss-detail.ts";
import { lookBack, type Lost, type Since, storyOf } from "./loss.ts";

export class LossTeller {
  readonly #services: TransactionServices;
  readonly #footprint: Footprint;
  /** The snapshot among the commits that are remembered. */
  #since: Since = { sequence: 0, atMs: 0 };
  #lost: Lost | undefined;
  #isTold = false;
  #isInjected = false;

  constructor(services: TransactionServices, footprint: Footprint) {
    this.#services = services;
    this.#footprint = footprint;
  }

  /** To be called before the statement is sent that takes the snapshot. */
  begin(): void {
    const { commits, clock } = this.#services;
    this.#since = { sequence: commits.sequence, atMs: clock.nowMs() };
  }

  /** The loss that is about to be told is a fault on demand. */
  noteInjected(): void {
    this.#isInjected = true;
  }

  /** @param met - the statement that PostgreSQL has refused; undefined where that was one of the redo log */
  async lookBack(
    hold: Hold,
    searchPath: readonly string[],
    met: { execution: Execution; refused: ErrorFieldMap | undefined } | undefined,
  ): Promise<void> {
    const { events, explainsConflicts } = this.#services;
    if (this.#lost !== undefined || !(explainsConflicts || events.hasSubscribers("transactionLost"))) return;
    if (!this.#services.looks.take()) return;
    this.#lost = await lookBack(this.#services, hold, { met, searchPath });
  }

  /**
   * @param error - whatever has ended a statement or the transaction; of other errors than 40001 nothing is told
   * @returns the error for the client
   */
  tell(error: unknown, actor: Actor, hold: Hold | undefined): unknown {
    if (!(error instanceof SqlError) || error.sqlstate !== "40001" || this.#isTold) return error;
    this.#isTold = true;
    const { events, explainsConflicts } = this.#services;
    if (!events.hasSubscribers("transactionLost") && !explainsConflicts) return error;
    const loss = storyOf(this.#services, {
      occ: error.message === errors.schemaConflict.message ? "OC001" : "OC000",
      since: this.#since,
      lost: this.#lost,
      footprint: this.#footprint,
      wrote: hold?.redo.entries.map(({ execution }) => execution.statement) ?? [],
      isInjected: this.#isInjected,
    });
    events.emit("transactionLost", { ...actor, ...loss });
    return explainsConflicts ? error.with({ detail: lossDetail(loss) }) : error;
  }
}
