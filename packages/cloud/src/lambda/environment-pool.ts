/**
 * The execution environments of one version of a function: which are idle, on which thread a new one is made, when one
 * is dropped.
 *
 * The most recently used environment serves first, so that a burst leaves many idle ones behind, which then grow old
 * and are dropped, as in Lambda.
 *
 * A burst makes some environments at once. A cold start costs milliseconds of a processor that the warm ones need, so the
 * rest of the burst is served sooner by waiting for those, as long as they come free; when none does, or the wait grows
 * long, further ones are made at the pace at which Lambda scales a function: 1,000 in 10 seconds.
 *
 * Source: AWS Lambda Developer Guide, "Lambda function scaling".
 */

import { RuntimeThread, type Outcome } from "./runtime-thread.ts";
import {
  environmentIdleMs,
  environmentsAtOnceMax,
  environmentStartPaceMs,
  environmentWaitMsMax,
  releaseExpectedMs,
} from "./limits.ts";
import type { ThreadSettings } from "./thread-messages.ts";

interface EnvironmentSlot {
  readonly number: number;
  readonly thread: RuntimeThread;
  idleSinceMs: number;
}

export interface PoolInvocation {
  readonly requestId: string;
  readonly payload: string;
  readonly qualifier: string;
  readonly wantsLogTail: boolean;
  readonly clientContext: string;
}

export interface PoolOptions {
  readonly functionName: string;
  readonly settings: Omit<ThreadSettings, "pulse" | "variables">;
  /** The function's environment with fresh credentials. */
  readonly variables: () => Record<string, string>;
  readonly clusterVariables: Record<string, string>;
  readonly threadsMax: number;
  readonly heapMbMax: number;
}

export class EnvironmentPool {
  readonly functionName: string;
  usedMs = performance.now();
  readonly #options: PoolOptions;
  readonly #threads = new Set<RuntimeThread>();
  /** The one used last is at the end. */
  #idle: EnvironmentSlot[] = [];
  #numbers = 0;
  #invocations = 0;
  #isRetired = false;
  /** Invocations for which no environment was idle, in the order they came; the concurrency limit bounds them. */
  #waiting: { readonly sinceMs: number; readonly serve: (slot: EnvironmentSlot | undefined) => void }[] = [];
  #releasedMs = 0;
  #pace: NodeJS.Timeout | undefined;

  constructor(options: PoolOptions) {
    this.functionName = options.functionName;
    this.#options = options;
  }

  get environmentCount(): number {
    let count = 0;
    for (const thread of this.#threads) count += thread.environments.size;
    return count;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  get threadCount(): number {
    return this.#threads.size;
  }

  get isBusy(): boolean {
    for (const thread of this.#threads) if (thread.isBusy) return true;
    return false;
  }

  invoke(invocation: PoolInvocation, done: (outcome: Outcome) => void): void {
    const sinceMs = performance.now();
    this.usedMs = sinceMs;
    const slot =
      this.#idle.pop() ?? (this.environmentCount < environmentsAtOnceMax ? this.#newSlot() : undefined);
    if (slot !== undefined) {
      this.#run(slot, invocation, done);
      return;
    }
    const serve = (found: EnvironmentSlot | undefined): void => {
      if (found === undefined) done({ ending: "ended", payload: stoppedPayload, logTail: undefined });
      else this.#run(found, invocation, done);
    };
    this.#waiting.push({ sinceMs, serve });
    this.#pace ??= setInterval(() => {
      this.#grow(performance.now());
    }, environmentStartPaceMs);
  }

  /** One more environment, for the invocation that has waited longest, unless it will be served soon without. */
  #grow(nowMs: number): void {
    const first = this.#waiting[0];
    if (first === undefined) {
      this.#stopPace();
      return;
    }
    const comeFree = nowMs - this.#releasedMs < releaseExpectedMs;
    if (comeFree && nowMs - first.sinceMs < environmentWaitMsMax) return;
    this.#waiting.shift();
    first.serve(this.#newSlot());
  }

  #stopPace(): void {
    clearInterval(this.#pace);
    this.#pace = undefined;
  }

  #run(slot: EnvironmentSlot, invocation: PoolInvocation, done: (outcome: Outcome) => void): void {
    const { requestId, payload, qualifier, wantsLogTail, clientContext } = invocation;
    const number = (this.#invocations += 1);
    slot.thread.invoke(
      ["invoke", number, slot.number, requestId, payload, qualifier, wantsLogTail, clientContext],
      {
        environment: slot.number,
        requestId,
        sinceMs: performance.now(),
        settle: (outcome) => {
          if (outcome.ending !== "ended") this.#release(slot);
          done(outcome);
        },
      },
    );
  }

  #release(slot: EnvironmentSlot): void {
    slot.idleSinceMs = performance.now();
    this.#releasedMs = slot.idleSinceMs;
    const next = this.#waiting.shift();
    if (next !== undefined) next.serve(slot);
    else if (this.#isRetired) this.#drop(slot);
    else this.#idle.push(slot);
  }

  #newSlot(): EnvironmentSlot {
    this.#numbers += 1;
    return { number: this.#numbers, thread: this.#threadForNew(), idleSinceMs: 0 };
  }

  /** The one with the fewest environments; a further thread only when all have some. */
  #threadForNew(): RuntimeThread {
    let best: RuntimeThread | undefined;
    for (const thread of this.#threads) {
      if (best === undefined || thread.environments.size < best.environments.size) best = thread;
    }
    const isRoomForThread = this.#threads.size < this.#options.threadsMax;
    return best === undefined || (best.environments.size > 0 && isRoomForThread) ? this.#startThread() : best;
  }

  #startThread(): RuntimeThread {
    const thread = new RuntimeThread({
      settings: { ...this.#options.settings, variables: this.#options.variables() },
      clusterVariables: this.#options.clusterVariables,
      heapMbMax: this.#options.heapMbMax,
      onEnvironmentsEnded: (environments) => this.#forget(thread, environments),
      onGone: () => {
        this.#threads.delete(thread);
        this.#idle = this.#idle.filter((slot) => slot.thread !== thread);
      },
    });
    this.#threads.add(thread);
    return thread;
  }

  /** One that has just been given an invocation is made anew by its thread, under the same number. */
  #forget(thread: RuntimeThread, environments: readonly number[]): void {
    const ended = new Set(environments);
    this.#idle = this.#idle.filter((slot) => {
      const isEnded = slot.thread === thread && ended.has(slot.number);
      if (isEnded) thread.environments.delete(slot.number);
      return !isEnded;
    });
  }

  /** Makes room for another function's environment. */
  dropOldest(): void {
    const slot = this.#idle.shift();
    if (slot !== undefined) this.#drop(slot);
  }

  #drop(slot: EnvironmentSlot): void {
    slot.thread.drop(slot.number);
    // A thread without environments gives its memory back, and all that its environments left behind.
    if (slot.thread.environments.size === 0) this.#endThread(slot.thread);
  }

  #endThread(thread: RuntimeThread): void {
    this.#threads.delete(thread);
    void thread.end();
  }

  dropIdle(nowMs: number): void {
    const old = this.#idle.findIndex((slot) => nowMs - slot.idleSinceMs < environmentIdleMs);
    const count = old < 0 ? this.#idle.length : old;
    for (const slot of this.#idle.splice(0, count)) this.#drop(slot);
  }

  checkPulse(nowMs: number): void {
    for (const thread of this.#threads) thread.checkPulse(nowMs);
  }

  updateCredentials(variables: Record<string, string>): void {
    for (const thread of this.#threads) thread.send(["credentials", variables]);
  }

  /** No further invocation comes; environments end when they are idle. */
  retire(): void {
    this.#isRetired = true;
    this.dropAll();
  }

  /** Drops what is idle, and with it the threads that have nothing else. */
  dropAll(): void {
    for (const slot of this.#idle.splice(0)) this.#drop(slot);
  }

  /** Ends at once; what is under way fails. */
  async end(): Promise<void> {
    this.#isRetired = true;
    this.#idle = [];
    this.#stopPace();
    for (const { serve } of this.#waiting.splice(0)) serve(undefined);
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }
}

const stoppedPayload = JSON.stringify({
  errorType: "Runtime.ExitError",
  errorMessage: "The local Lambda was stopped before the invocation could begin",
});
