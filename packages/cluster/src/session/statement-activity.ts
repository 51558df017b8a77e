/** What a session is at: its statement for those who look, and the event of its end for those who listen. */
import { type Actor, type Clock, type ClusterEvents, type Events, SqlError } from "../base/index.ts";
import type { Statement } from "../sql/index.ts";

const shownCharactersMax = 500;

export class StatementActivity {
  readonly #events: Events<ClusterEvents>;
  readonly #clock: Clock;
  #text = "";
  #sinceMs = 0;
  #isRunning = false;

  constructor(events: Events<ClusterEvents>, clock: Clock) {
    this.#events = events;
    this.#clock = clock;
  }

  /**
   * @param actor - asked for before the statement, whose end may be that of its transaction
   * @returns to be called when it has ended, with its error
   */
  begin({ text }: Statement, actor: () => Actor): (error?: unknown) => void {
    this.#text = text;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#isRunning = true;
    if (!this.#events.hasSubscribers("statementEnded")) return this.#end;
    const who = actor();
    return (error) => {
      this.#isRunning = false;
      const sqlstate = error === undefined ? undefined : error instanceof SqlError ? error.sqlstate : "XX000";
      const ms = this.#clock.monotonicMs() - this.#sinceMs;
      this.#events.emit("statementEnded", { ...who, statement: text, ms, sqlstate });
    };
  }

  readonly #end = (): void => {
    this.#isRunning = false;
  };

  get told(): { readonly statement: string; readonly runningMs: number | undefined } {
    const runningMs = this.#isRunning ? this.#clock.monotonicMs() - this.#sinceMs : undefined;
    return { statement: this.#text.slice(0, shownCharactersMax), runningMs };
  }
}
