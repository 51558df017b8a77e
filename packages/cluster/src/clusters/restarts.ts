/**
 * PostgreSQL that has ended unasked is started again, at once the first time and then after longer and longer pauses: what
 * ended it may still be there for a while, such as a full disk or memory that is short.
 *
 * Always true
 * - A start that fails counts as an end like any other.
 * - After `restartsMax` in a row, none of which has kept PostgreSQL running for `healthyMs`, it is given up.
 *
 * Tests: restarts.test.ts, test/restarts.test.ts.
 */
import type { Clock, Log } from "../base/index.ts";
import { StorageError } from "../storage/index.ts";

/** In a row, before PostgreSQL is given up. */
const restartsMax = 5;
/** A PostgreSQL that has run so long counts as healthy again. */
const healthyMs = 60_000;
/** Before the second restart; doubled before each further one. */
const firstPauseMs = 250;

export interface RestartsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly start: () => Promise<void>;
  readonly isStopping: () => boolean;
}

export class Restarts {
  readonly #options: RestartsOptions;
  #inARow = 0;
  #runsSinceMs = 0;

  constructor(options: RestartsOptions) {
    this.#options = options;
  }

  /** PostgreSQL runs from now on. */
  began(): void {
    this.#runsSinceMs = this.#options.clock.monotonicMs();
  }

  /**
   * Starts it again, unless it is being stopped.
   *
   * @param reason - how it ended, in words
   * @throws {StorageError} it has ended too often
   */
  async afterEnd(reason: string): Promise<void> {
    const { clock, log, start, isStopping } = this.#options;
    log({ event: "storage.exited", reason });
    if (clock.monotonicMs() - this.#runsSinceMs > healthyMs) this.#inARow = 0;
    let last: unknown = new Error(reason);
    while (!isStopping()) {
      if (this.#inARow === restartsMax) throw givenUp(last);
      this.#inARow += 1;
      if (this.#inARow > 1) await this.#pause(firstPauseMs * 2 ** (this.#inARow - 2));
      if (isStopping()) return;
      try {
        await start();
        this.began();
        log({ event: "storage.restarted", attempt: this.#inARow });
        return;
      } catch (error) {
        last = error;
        if (!isStopping())
          log({ event: "storage.restartFailed", attempt: this.#inARow, reason: textOf(error) });
      }
    }
  }

  #pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.setTimer(durationMs, resolve);
    });
  }
}

function givenUp(last: unknown): StorageError {
  const remedy = "Start it again: what was committed is there. DSQL_DEBUG=1 and --verbose tell more.";
  return new StorageError({
    problem: `PostgreSQL was started again ${restartsMax} times in a row and has ended each time; the last time: ${textOf(last)}`,
    remedy: last instanceof StorageError ? last.remedy : remedy,
    cause: last,
  });
}

function textOf(error: unknown): string {
  if (error instanceof StorageError) return error.problem;
  return error instanceof Error ? error.message : String(error);
}
