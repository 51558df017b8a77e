/**
 * The execution environments of one version of a function: which are idle, on which thread a new one is made, when one
 * is dropped.
 *
 * The most recently used environment serves first, so that a burst leaves many idle ones behind, which then grow old
 * and are dropped, as in Lambda.
 *
 * A burst makes some environments at once. A cold start costs milliseconds of a processor that the warm ones need, so the
 * rest of the burst is served sooner by waiting for those, as long as they come free; when none does, or the wait grows
 * long, further ones are made at the pace at which Lambda scales a function, 1,000 in 10 seconds, while there is time to run
 * them (environment-growth.ts).
 *
 * Provisioned concurrency holds some environments ready: they are made ahead, a few at a time, and do not grow old.
 *
 * Source: AWS Lambda Developer Guide, "Lambda function scaling", "Configuring provisioned concurrency for a function".
 */

import { isOneMoreDue } from "./environment-growth.ts";
import { RuntimeThread, type Outcome } from "./runtime-thread.ts";
import {
  environmentIdleMs,
  environmentsAtOncePerThread,
  environmentStartPaceMs,
  saturatedShare,
} from "./limits.ts";
import { LoopLoad } from "./loop-load.ts";
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

interface WaitingInvocation {
  readonly invocation: PoolInvocation;
  readonly sinceMs: number;
  readonly done: (outcome: Outcome) => void;
  readonly refuse: (reason: unknown) => void;
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

/** How far environments are that are to be held ready. */
export interface Provisioning {
  readonly wanted: number;
  readonly ready: number;
  /** Why no further one is made: the payload or the words of the first failure. */
  readonly failure?: string;
}

export class EnvironmentPool {
  readonly functionName: string;
  usedMs = performance.now();
  readonly #options: PoolOptions;
  readonly #threads = new Set<RuntimeThread>();
  /** Of threads that were dropped: they still close their environments, and write the last lines of their logs. */
  readonly #ending = new Set<Promise<void>>();
  /** The one used last is at the end. */
  #idle: EnvironmentSlot[] = [];
  #numbers = 0;
  #invocations = 0;
  #isRetired = false;
  /** Invocations for which no environment was idle, in the order they came; the concurrency limit bounds them. */
  #waiting: WaitingInvocation[] = [];
  #releasedMs = 0;
  #madeMs = 0;
  /** Of this thread, which serves the endpoint and the cluster. */
  readonly #mainLoad = new LoopLoad(performance);
  #provisioned = 0;
  /** Environments that are being made ahead. */
  #preparing = 0;
  #preparationFailure: string | undefined;
  #settled: (() => void)[] = [];
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

  /** Idle environments beyond those that are held ready. */
  get spareCount(): number {
    return Math.min(this.#idle.length, Math.max(0, this.environmentCount - this.#provisioned));
  }

  get provisioning(): Provisioning {
    const ready = Math.min(this.#provisioned, this.environmentCount - this.#preparing);
    const failure = this.#preparationFailure;
    return { wanted: this.#provisioned, ready, ...(failure === undefined ? {} : { failure }) };
  }

  get threadCount(): number {
    return this.#threads.size;
  }

  /** Nothing of it runs any more. */
  get isOver(): boolean {
    return this.#threads.size === 0 && this.#ending.size === 0;
  }

  get isBusy(): boolean {
    for (const thread of this.#threads) if (thread.isBusy) return true;
    return false;
  }

  /**
   * @returns how it ended, once it has
   * @throws {ServiceError} InvalidParameterValueException: it needs a further thread, and the function's role is gone
   */
  invoke(invocation: PoolInvocation): Promise<Outcome> {
    return new Promise((done, refuse) => {
      const sinceMs = performance.now();
      this.usedMs = sinceMs;
      const atOnce = environmentsAtOncePerThread * this.#options.threadsMax;
      const slot = this.#idle.pop() ?? (this.environmentCount < atOnce ? this.#newSlot() : undefined);
      if (slot === undefined) this.#wait({ invocation, sinceMs, done, refuse });
      else this.#run(slot, invocation, done);
    });
  }

  #wait(waiting: WaitingInvocation): void {
    this.#waiting.push(waiting);
    this.#pace ??= setInterval(() => {
      this.#grow(performance.now());
    }, environmentStartPaceMs);
  }

  /** Holds so many environments ready from now on, those that there are already among them. */
  provision(count: number): void {
    this.#provisioned = count;
    this.#preparationFailure = undefined;
    this.#prepare();
  }

  /** Resolves when as many are ready as are wanted, or no more will be. */
  async whenProvisioned(signal: AbortSignal): Promise<void> {
    const wake = (): void => {
      this.#wakeWaiters();
    };
    signal.addEventListener("abort", wake);
    while (!this.#isSettled() && !signal.aborted) {
      await new Promise<void>((resolve) => this.#settled.push(resolve));
    }
    signal.removeEventListener("abort", wake);
  }

  #wakeWaiters(): void {
    for (const resolve of this.#settled.splice(0)) resolve();
  }

  #isSettled(): boolean {
    const { wanted, ready, failure } = this.provisioning;
    return ready >= wanted || (failure !== undefined && this.#preparing === 0) || this.#isRetired;
  }

  /** As many at a time as there are threads, since each keeps a processor busy. */
  #prepare(): void {
    while (this.#preparing < this.#options.threadsMax && this.#isOneMissing()) {
      try {
        this.#prepareOne(this.#newSlot());
      } catch (error) {
        // No thread could be started: the function's role is gone, say.
        this.#preparationFailure = error instanceof Error ? error.message : String(error);
      }
    }
    this.#wakeWaiters();
  }

  #isOneMissing(): boolean {
    const mayPrepare = !this.#isRetired && this.#preparationFailure === undefined;
    return mayPrepare && this.environmentCount < this.#provisioned;
  }

  #prepareOne(slot: EnvironmentSlot): void {
    const number = (this.#invocations += 1);
    this.#preparing += 1;
    slot.thread.invoke(["prepare", number, slot.number], {
      environment: slot.number,
      requestId: "",
      sinceMs: performance.now(),
      settle: ({ ending, payload }) => {
        this.#preparing -= 1;
        if (ending === "ended") this.#preparationFailure = payload;
        else this.#release(slot);
        this.#prepare();
      },
    });
  }

  /** One more environment, for the invocation that has waited longest, unless it will be served soon without. */
  #grow(nowMs: number): void {
    const first = this.#waiting[0];
    if (first === undefined) {
      this.#stopPace();
      return;
    }
    const standing = {
      waitingSinceMs: first.sinceMs,
      releasedMs: this.#releasedMs,
      madeMs: this.#madeMs,
      isSaturated: () => this.#isSaturated(nowMs),
    };
    if (!isOneMoreDue(nowMs, standing)) return;
    this.#waiting.shift();
    try {
      this.#run(this.#newSlot(), first.invocation, first.done);
    } catch (error) {
      first.refuse(error);
    }
  }

  /** Whether a further environment would wait for a processor, or for the cluster's thread to have time. */
  #isSaturated(nowMs: number): boolean {
    if (this.#mainLoad.share(nowMs) > saturatedShare) return true;
    const threads = [...this.#threads];
    return threads.length > 0 && threads.every((thread) => thread.load.share(nowMs) > saturatedShare);
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
    if (next !== undefined) this.#run(slot, next.invocation, next.done);
    else if (this.#isRetired) this.#drop(slot);
    else this.#idle.push(slot);
  }

  #newSlot(): EnvironmentSlot {
    this.#numbers += 1;
    this.#madeMs = performance.now();
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
    const ended = thread.end().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  dropIdle(nowMs: number): void {
    const old = this.#idle.findIndex((slot) => nowMs - slot.idleSinceMs < environmentIdleMs);
    const count = Math.min(old < 0 ? this.#idle.length : old, this.spareCount);
    for (const slot of this.#idle.splice(0, count)) this.#drop(slot);
    this.#prepare(); // One that is held ready may have ended by an error of its own.
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
    this.#wakeWaiters();
    this.dropAll();
  }

  /** Drops what is idle, and with it the threads that have nothing else. */
  dropAll(): void {
    for (const slot of this.#idle.splice(0)) this.#drop(slot);
  }

  /** Ends at once; what is under way fails. Resolves when no thread is left, those that were dropped before among them. */
  async end(): Promise<void> {
    this.#isRetired = true;
    this.#wakeWaiters();
    this.#idle = [];
    this.#stopPace();
    for (const { done } of this.#waiting.splice(0)) {
      done({ ending: "ended", payload: stoppedPayload, logTail: undefined });
    }
    await Promise.all([...[...this.#threads].map((thread) => thread.end()), ...this.#ending]);
  }
}

const stoppedPayload = JSON.stringify({
  errorType: "Runtime.ExitError",
  errorMessage: "The local Lambda was stopped before the invocation could begin",
});
