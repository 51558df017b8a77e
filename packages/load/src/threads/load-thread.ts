/**
 * The reporting thread's side of one thread that makes calls.
 *
 * Always true: `ready` and `done` settle, also when the thread dies. Once they have, nothing of it is left.
 */
import { Worker } from "node:worker_threads";
import { type Counts, type Recent, addRecent, noCounts, noneRecent } from "../counts.ts";
import { Tally, type TallyState } from "../tally.ts";
import type { ThreadCommand, ThreadMessage, ThreadSettings } from "./messages.ts";

export class LoadThread {
  /** It has loaded and waits for its start. */
  readonly ready: Promise<void>;
  /** What it has counted, when its last call has ended. */
  readonly done: Promise<TallyState>;
  readonly #worker: Worker;
  #counts = noCounts;
  #recent = noneRecent;

  constructor(settings: ThreadSettings) {
    this.#worker = new Worker(new URL("./thread.js", import.meta.url), { workerData: settings });
    this.done = new Promise((resolve, reject) => {
      this.#worker.on("message", (message: ThreadMessage) => {
        if (message.kind === "progress") this.#receive(message);
        if (message.kind === "done") resolve(message.tally);
      });
      this.#worker.once("error", reject);
      // Too late to matter where the thread has said that it is done.
      this.#worker.once("exit", (code) =>
        reject(new Error(`a thread that makes calls exited with code ${code}`)),
      );
    });
    // Whoever waits for it to be ready hears why it never will be.
    const failed = this.done.then(() => undefined);
    this.ready = Promise.race([this.#firstMessage(), failed]);
    this.ready.catch(() => undefined);
  }

  #firstMessage(): Promise<void> {
    return new Promise((resolve) => this.#worker.once("message", () => resolve()));
  }

  #receive({ counts, recent }: { readonly counts: Counts; readonly recent: Recent }): void {
    this.#counts = counts;
    this.#recent = addRecent(this.#recent, recent);
  }

  /** As the thread last said. */
  get counts(): Counts {
    return this.#counts;
  }

  /** What is known of a thread that died: it has told its counts, not its times and not the words of its errors. */
  lastKnown(): TallyState {
    const { errors } = this.#counts;
    return {
      ...new Tally().state(),
      counts: this.#counts,
      errors:
        errors === 0 ? [] : [{ message: "errors of a thread that died", code: "unknown", count: errors }],
    };
  }

  /** @returns the calls that it told of since it was last asked */
  takeRecent(): Recent {
    const recent = this.#recent;
    this.#recent = noneRecent;
    return recent;
  }

  send(command: ThreadCommand): void {
    this.#worker.postMessage(command);
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
