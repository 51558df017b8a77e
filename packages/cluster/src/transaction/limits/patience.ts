/** Bounds the waiting of a transaction for a backend: its client may cancel, and it may grow too old. */
import { type Clock, SqlError } from "../../base/index.ts";
import type { OnWait } from "../../backend/index.ts";
import type { Budget } from "./budget.ts";

export class Patience {
  readonly #clock: Clock;
  readonly #budget: Budget;
  #giveUp: ((error: Error) => void) | undefined;
  #stopTimer: (() => void) | undefined;

  constructor(clock: Clock, budget: Budget) {
    this.#clock = clock;
    this.#budget = budget;
  }

  /** Lends an ear to the waiting of `wait`. @throws {SqlError} 57014 or 54000 where it has ended it */
  async during<Result>(wait: (onWait: OnWait) => Promise<Result>): Promise<Result> {
    try {
      return await wait((giveUp) => {
        this.#giveUp = giveUp;
        this.#stopTimer = this.#clock.setTimer(this.#budget.leftMs, () => {
          giveUp(this.#budget.tooOld());
        });
      });
    } finally {
      this.#giveUp = undefined;
      this.#stopTimer?.();
    }
  }

  /** Ends the waiting, if there is any, as PostgreSQL ends a statement that is cancelled. */
  cancel(): void {
    const message = "canceling statement due to user request";
    this.#giveUp?.(new SqlError({ sqlstate: "57014", message }));
  }
}
