/**
 * How many invocations run at once, of the account and of each function that has some reserved.
 *
 * Source: AWS Lambda Developer Guide, "Understanding Lambda function scaling", "Configuring reserved concurrency".
 */

import type { ThrottleReason } from "./errors.ts";

export class Concurrency {
  readonly max: number;
  readonly #reserved = new Map<string, number>();
  readonly #running = new Map<string, number>();
  #unreservedMax: number;
  #unreservedRunning = 0;

  constructor(max: number) {
    this.max = max;
    this.#unreservedMax = max;
  }

  get unreservedMax(): number {
    return this.#unreservedMax;
  }

  /** @param count - `undefined` ends the reservation */
  reserve(functionName: string, count: number | undefined): void {
    const running = this.#running.get(functionName) ?? 0;
    if (!this.#reserved.has(functionName)) this.#unreservedRunning -= running;
    this.#unreservedMax += this.#reserved.get(functionName) ?? 0;
    if (count === undefined) {
      this.#reserved.delete(functionName);
      this.#unreservedRunning += running;
    } else {
      this.#reserved.set(functionName, count);
      this.#unreservedMax -= count;
    }
  }

  /** Counts an invocation in, or says why it cannot run now. */
  enter(functionName: string): ThrottleReason | undefined {
    const running = this.#running.get(functionName) ?? 0;
    const reserved = this.#reserved.get(functionName);
    if (reserved === undefined) {
      if (this.#unreservedRunning >= this.#unreservedMax) return "ConcurrentInvocationLimitExceeded";
      this.#unreservedRunning += 1;
    } else if (running >= reserved) {
      return "ReservedFunctionConcurrentInvocationLimitExceeded";
    }
    this.#running.set(functionName, running + 1);
    return undefined;
  }

  leave(functionName: string): void {
    const running = (this.#running.get(functionName) ?? 0) - 1;
    if (running > 0) this.#running.set(functionName, running);
    else this.#running.delete(functionName);
    if (!this.#reserved.has(functionName)) this.#unreservedRunning -= 1;
  }
}
