/**
 * Ctrl-C and its relatives: the first stops in order, the second at once, the third does not wait any more. The end of npm
 * that waits for us counts as a first one.
 *
 * They are taken to the end of the process: one that comes when all has stopped must not make a death by signal of that.
 */
import process from "node:process";
import { onLauncherGone } from "./launchers.ts";
import type { Stack } from "./stack.ts";

const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export class StopSignals {
  #count = 0;
  #onFirst: () => void = () => undefined;
  #onSecond: () => void = () => undefined;
  /** Resolves when the first signal comes. */
  readonly first = new Promise<void>((resolve) => {
    this.#onFirst = resolve;
  });
  readonly #second = new Promise<void>((resolve) => {
    this.#onSecond = resolve;
  });

  constructor() {
    for (const name of names) process.on(name, this.#receive);
    // A signal to npm is meant for us, however little of it arrives here. It does not hurry a stop that is under way.
    onLauncherGone(() => {
      if (this.#count === 0) this.#receive("SIGTERM");
    });
  }

  get hasCome(): boolean {
    return this.#count > 0;
  }

  /** Stops the stack, at once as soon as a second signal has come. */
  async stop(stack: Stack): Promise<void> {
    const stopped = stack.stop();
    await Promise.race([stopped, this.#second.then(() => stack.stop({ immediate: true }))]);
  }

  readonly #receive = (signal: NodeJS.Signals): void => {
    this.#count += 1;
    if (this.#count === 1) this.#onFirst();
    if (this.#count === 2) this.#onSecond();
    // PostgreSQL goes with us: its guardian sees this process end.
    if (this.#count === 3) process.exit(signal === "SIGINT" ? 130 : 143);
  };
}
