/**
 * The main thread's side of one worker thread: sends commands in batches, settles invocations, ends a thread that is
 * blocked.
 *
 * Always true
 * - Each invocation given to it is settled exactly once, also when the thread dies.
 * - A thread whose event loop stands still longer than the function may run is terminated.
 */

import { Worker } from "node:worker_threads";
import { exitPayload, exitReason, outOfMemoryPayload, timeoutPayload } from "./error-payload.ts";
import { initializationMsMax } from "./limits.ts";
import { LoopLoad } from "./loop-load.ts";
import {
  Pulse,
  type Ending,
  type InvokeCommand,
  type PrepareCommand,
  type ThreadCommand,
  type ThreadReport,
  type ThreadSettings,
} from "./thread-messages.ts";

export interface Outcome {
  readonly ending: Ending;
  readonly payload: string;
  readonly logTail: string | undefined;
}

export interface PendingInvocation {
  readonly environment: number;
  readonly requestId: string;
  readonly sinceMs: number;
  readonly settle: (outcome: Outcome) => void;
}

/** Beyond the function's timeout, before a thread that gives no sign of life is given up. */
const stallGraceMs = 500;
/** How long a thread has to close its environments and its log when it is asked to end. */
const endMsMax = 1_000;

export class RuntimeThread {
  /** Environments that live here, idle and busy. */
  readonly environments = new Set<number>();
  readonly load: LoopLoad;
  readonly #worker: Worker;
  readonly #timeoutMs: number;
  readonly #pulse: Int32Array;
  readonly #pending = new Map<number, PendingInvocation>();
  readonly #exited: Promise<void>;
  readonly #onEnvironmentsEnded: (environments: readonly number[]) => void;
  readonly #onGone: () => void;
  #outbox: ThreadCommand[] = [];
  #beatsSeen = 0;
  #beatSeenMs = performance.now();
  #isOutOfMemory = false;
  #hasEnded = false;

  constructor(options: {
    settings: Omit<ThreadSettings, "pulse">;
    /** Where clusters' names lead, for the preload. */
    clusterVariables: Record<string, string>;
    heapMbMax: number;
    onEnvironmentsEnded: (environments: readonly number[]) => void;
    onGone: () => void;
  }) {
    const pulse = new SharedArrayBuffer(Pulse.cells * Int32Array.BYTES_PER_ELEMENT);
    this.#pulse = new Int32Array(pulse);
    this.#pulse[Pulse.isLoading] = 1;
    this.#timeoutMs = options.settings.timeoutMs;
    this.#onEnvironmentsEnded = options.onEnvironmentsEnded;
    this.#onGone = options.onGone;
    this.#worker = new Worker(new URL("./worker/main.js", import.meta.url), {
      workerData: { ...options.settings, pulse } satisfies ThreadSettings,
      env: options.clusterVariables,
      execArgv: [
        "--experimental-vm-modules",
        "--experimental-import-meta-resolve",
        "--disable-warning=ExperimentalWarning",
      ],
      resourceLimits: { maxOldGenerationSizeMb: options.heapMbMax },
      // What escapes the function's console, a fatal error's text say, must not appear among this process's output.
      stdout: true,
      stderr: true,
    });
    this.load = new LoopLoad(this.#worker.performance);
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    this.#worker.on("message", (report: ThreadReport) => this.#receive(report));
    this.#worker.on("error", (error: NodeJS.ErrnoException) => {
      this.#isOutOfMemory = error.code === "ERR_WORKER_OUT_OF_MEMORY";
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", (code) => {
        this.#lose((pending) =>
          this.#isOutOfMemory
            ? outOfMemoryPayload(pending.requestId)
            : exitPayload(pending.requestId, exitReason(code)),
        );
        resolve();
      });
    });
  }

  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  invoke(command: InvokeCommand | PrepareCommand, pending: PendingInvocation): void {
    if (this.#pending.size === 0) this.#beatSeenMs = pending.sinceMs;
    this.#pending.set(command[1], pending);
    this.environments.add(pending.environment);
    this.send(command);
  }

  /** What comes up in one turn of the event loop travels in one message. */
  send(command: ThreadCommand): void {
    if (this.#outbox.push(command) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const commands = this.#outbox;
    this.#outbox = [];
    if (!this.#hasEnded) this.#worker.postMessage(commands);
  }

  drop(environment: number): void {
    this.environments.delete(environment);
    this.send(["drop", environment]);
  }

  #receive({ invocations, environmentsEnded }: ThreadReport): void {
    for (const [invocation, ending, payload, logTail] of invocations) {
      const pending = this.#pending.get(invocation);
      this.#pending.delete(invocation);
      if (ending === "ended" && pending !== undefined) this.environments.delete(pending.environment);
      pending?.settle({ ending, payload, logTail });
    }
    if (environmentsEnded.length > 0) this.#onEnvironmentsEnded(environmentsEnded);
  }

  /** To be called a few times a second while there are invocations: gives up the thread when it is blocked. */
  checkPulse(nowMs: number): void {
    const beats = Atomics.load(this.#pulse, Pulse.beats);
    if (beats !== this.#beatsSeen || !this.isBusy) {
      this.#beatsSeen = beats;
      this.#beatSeenMs = nowMs;
      return;
    }
    const isLoading = Atomics.load(this.#pulse, Pulse.isLoading) === 1;
    const stallMsMax =
      (isLoading ? Math.max(initializationMsMax, this.#timeoutMs) : this.#timeoutMs) + stallGraceMs;
    if (nowMs - this.#beatSeenMs > stallMsMax) this.#giveUp(nowMs);
  }

  /** The one that blocks the thread has timed out, and so has each that waited as long; the others are told why they end. */
  #giveUp(nowMs: number): void {
    const blocker = Atomics.load(this.#pulse, Pulse.environment);
    this.#lose(({ environment, requestId, sinceMs }) =>
      environment === blocker || nowMs - sinceMs >= this.#timeoutMs
        ? timeoutPayload(requestId, this.#timeoutMs)
        : exitPayload(
            requestId,
            "another environment of this function blocked their common worker thread until its timeout",
          ),
    );
    void this.terminate();
  }

  /** From here on it takes no further invocation; what is under way has failed. */
  #lose(payload: (pending: PendingInvocation) => string): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    this.#hasEnded = true;
    this.environments.clear();
    this.#onGone();
    for (const pending of all)
      pending.settle({ ending: "ended", payload: payload(pending), logTail: undefined });
  }

  /** Ends in order; what is under way fails. */
  async end(): Promise<void> {
    this.send(["end"]);
    const timer = setTimeout(() => void this.terminate(), endMsMax);
    await this.#exited;
    clearTimeout(timer);
  }

  async terminate(): Promise<void> {
    this.#hasEnded = true;
    await this.#worker.terminate();
    await this.#exited;
  }
}
