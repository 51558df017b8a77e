/**
 * Runs a thread's invocations: makes environments, calls handlers, ends what takes too long, reports.
 *
 * Always true
 * - Each invocation is reported exactly once.
 * - At most one environment is loaded per turn of the event loop, so that a thousand cold starts do not keep the warm
 *   environments, nor the signs of life, waiting.
 */

import { Buffer } from "node:buffer";
import { describeError, responseTooLargePayload, timeoutPayload } from "../error-payload.ts";
import { initializationMsMax, logTailBytesMax, synchronousPayloadBytesMax } from "../limits.ts";
import {
  Pulse,
  type Ending,
  type InvocationReport,
  type InvokeCommand,
  type PrepareCommand,
  type ThreadReport,
  type ThreadSettings,
} from "../thread-messages.ts";
import { logLine } from "./console.ts";
import { currentEnvironment } from "./current-environment.ts";
import { Environment, type EnvironmentOwner, type Invocation } from "./environment.ts";
import { callHandler, invocationContext, loadHandler } from "./handler.ts";
import type { LogFile } from "./log-file.ts";
import type { ModuleFiles } from "./module-files.ts";
import { Modules } from "./modules.ts";
import { PlatformLog } from "./platform-log.ts";

/** How often deadlines are looked at and a sign of life is given: a timeout is noticed at most this much late. */
const sweepMs = 20;

export class Invocations implements EnvironmentOwner {
  readonly logFile: LogFile;
  readonly isLogJson: boolean;
  readonly #settings: ThreadSettings;
  readonly #variables: () => Readonly<Record<string, string>>;
  readonly #files: ModuleFiles;
  readonly #platformLog: PlatformLog;
  readonly #pulse: Int32Array;
  readonly #send: (report: ThreadReport) => void;
  readonly #environments = new Map<number, Environment>();
  /** In the order of their deadlines, which is the order of their starts, since all have the same timeout. */
  readonly #running = new Set<Invocation>();
  readonly #loading = new Set<Invocation>();
  readonly #coldStarts: (InvokeCommand | PrepareCommand)[] = [];
  #reports: InvocationReport[] = [];
  #environmentsEnded: number[] = [];
  #isReportScheduled = false;
  #sweeper: NodeJS.Timeout | undefined;

  constructor(options: {
    settings: ThreadSettings;
    variables: () => Readonly<Record<string, string>>;
    files: ModuleFiles;
    logFile: LogFile;
    send: (report: ThreadReport) => void;
  }) {
    this.#settings = options.settings;
    this.#variables = options.variables;
    this.#files = options.files;
    this.#send = options.send;
    this.logFile = options.logFile;
    this.isLogJson = options.settings.log.isJson;
    this.#platformLog = new PlatformLog(options.settings, () => this.#environments.size);
    this.#pulse = new Int32Array(options.settings.pulse);
  }

  invoke(command: InvokeCommand): void {
    const environment = this.#environments.get(command[2]);
    if (environment === undefined) this.#queueColdStart(command);
    else this.#start(command, environment, undefined);
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepMs);
  }

  prepare(command: PrepareCommand): void {
    this.#queueColdStart(command);
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepMs);
  }

  #queueColdStart(command: InvokeCommand | PrepareCommand): void {
    if (this.#coldStarts.push(command) === 1) setImmediate(() => this.#startNext());
  }

  drop(number: number): void {
    this.#environments.get(number)?.close();
    this.#environments.delete(number);
  }

  updateVariables(variables: Readonly<Record<string, string>>): void {
    for (const environment of this.#environments.values()) Object.assign(environment.variables, variables);
  }

  close(): void {
    for (const number of [...this.#environments.keys()]) this.drop(number);
    clearInterval(this.#sweeper);
    this.logFile.flush();
    this.logFile.close();
  }

  #startNext(): void {
    const command = this.#coldStarts[0];
    if (command === undefined) return;
    const environment = new Environment({
      number: command[2],
      version: this.#settings.version,
      variables: command[0] === "prepare" ? preparedVariables(this.#variables()) : this.#variables(),
      modules: new Modules(this.#files),
      owner: this,
    });
    this.#environments.set(environment.number, environment);
    void this.#load(command, environment);
    this.#coldStarts.shift();
    if (this.#coldStarts.length > 0) setImmediate(() => this.#startNext());
  }

  async #load(command: InvokeCommand | PrepareCommand, environment: Environment): Promise<void> {
    const startedMs = performance.now();
    const invocation = this.#newInvocation(command, environment);
    invocation.deadlineMs = startedMs + initializationMsMax;
    this.#loading.add(invocation);
    this.#pulse[Pulse.isLoading] = 1;
    this.#enter(environment);
    this.#platformLog.initialize(environment);
    try {
      environment.handler = await currentEnvironment.run(environment, () =>
        loadHandler(this.#files, environment.modules, this.#settings),
      );
    } catch (error) {
      this.#endLoading(invocation);
      this.#failInitialization(invocation, error);
      return;
    }
    this.#endLoading(invocation);
    if (environment.isClosed) return;
    if (command[0] === "prepare") this.#finish(invocation, "returned", "");
    else this.#start(command, environment, performance.now() - startedMs);
  }

  #endLoading(invocation: Invocation): void {
    this.#loading.delete(invocation);
    if (this.#loading.size === 0) this.#pulse[Pulse.isLoading] = 0;
  }

  #failInitialization(invocation: Invocation, error: unknown): void {
    const payload = JSON.stringify(describeError(error));
    invocation.environment.log(logLine(invocation.environment, "ERROR", ["Uncaught Exception ", payload]));
    this.#endEnvironment(invocation.environment, payload);
  }

  #newInvocation(command: InvokeCommand | PrepareCommand, environment: Environment): Invocation {
    const isPrepared = command[0] === "prepare";
    const invocation: Invocation = {
      number: command[1],
      requestId: isPrepared ? "" : command[3],
      environment,
      wantsLogTail: !isPrepared && command[6],
      startedMs: performance.now(),
      deadlineMs: 0,
      initializationMs: undefined,
      logTail: "",
    };
    environment.invocation = invocation;
    return invocation;
  }

  #start(command: InvokeCommand, environment: Environment, initializationMs: number | undefined): void {
    const [, , , , payload, qualifier, , clientContext] = command;
    const invocation =
      initializationMs === undefined ? this.#newInvocation(command, environment) : environment.invocation;
    const handler = environment.handler;
    if (invocation === undefined || handler === undefined) return;
    let event: unknown;
    try {
      event = payload === "" ? {} : (JSON.parse(payload) as unknown);
    } catch (error) {
      this.#finish(invocation, "refused", (error as Error).message);
      return;
    }
    const { timeoutMs } = this.#settings;
    invocation.startedMs = performance.now();
    invocation.deadlineMs = invocation.startedMs + timeoutMs;
    invocation.initializationMs = initializationMs;
    this.#running.add(invocation);
    this.#platformLog.start(invocation);
    this.#enter(environment);
    const context = invocationContext(this.#settings, invocation, {
      qualifier,
      clientContext,
    });
    currentEnvironment
      .run(environment, callHandler, handler, event, context)
      .then((value) => this.#return(invocation, value))
      .catch((error: unknown) => this.#fail(invocation, error));
  }

  #enter(environment: Environment): void {
    this.#pulse[Pulse.environment] = environment.number;
  }

  #return(invocation: Invocation, value: unknown): void {
    const payload = (JSON.stringify(value) as string | undefined) ?? "null";
    // Each UTF-16 unit needs at most 3 bytes, so a short text needs no count.
    const isTooLarge =
      payload.length * 3 > synchronousPayloadBytesMax &&
      Buffer.byteLength(payload) > synchronousPayloadBytesMax;
    if (isTooLarge) this.#finish(invocation, "failed", responseTooLargePayload(synchronousPayloadBytesMax));
    else this.#finish(invocation, "returned", payload);
  }

  #fail(invocation: Invocation, error: unknown): void {
    const { environment } = invocation;
    if (environment.invocation !== invocation) return;
    const payload = JSON.stringify(describeError(error));
    environment.log(logLine(environment, "ERROR", ["Invoke Error ", payload]));
    this.#finish(invocation, "failed", payload);
  }

  /** An invocation that is no longer its environment's has been answered: whatever else comes of it is late. */
  #finish(invocation: Invocation, ending: Ending, payload: string): void {
    const { environment } = invocation;
    if (environment.invocation !== invocation) return;
    if (this.#running.delete(invocation)) this.#platformLog.end(invocation, ending);
    environment.invocation = undefined;
    const tail = invocation.wantsLogTail ? lastBytes(invocation.logTail) : undefined;
    this.#reports.push([invocation.number, ending, payload, tail]);
    this.#scheduleReport();
  }

  environmentFailed(environment: Environment, payload: (requestId: string) => string): void {
    if (environment.isClosed) return;
    this.#endEnvironment(environment, payload(environment.invocation?.requestId ?? ""));
  }

  #endEnvironment(environment: Environment, payload: string): void {
    const { invocation } = environment;
    if (invocation === undefined) {
      this.#environmentsEnded.push(environment.number);
      this.#scheduleReport();
    } else {
      this.#endLoading(invocation);
      this.#finish(invocation, "ended", payload);
    }
    this.drop(environment.number);
  }

  #scheduleReport(): void {
    if (this.#isReportScheduled) return;
    this.#isReportScheduled = true;
    setImmediate(() => this.#report());
  }

  #report(): void {
    this.#isReportScheduled = false;
    const report = { invocations: this.#reports, environmentsEnded: this.#environmentsEnded };
    this.#reports = [];
    this.#environmentsEnded = [];
    this.#send(report);
  }

  #sweep(): void {
    Atomics.add(this.#pulse, Pulse.beats, 1);
    const nowMs = performance.now();
    for (const invocation of this.#running) {
      if (invocation.deadlineMs > nowMs) break;
      this.#endEnvironment(
        invocation.environment,
        timeoutPayload(invocation.requestId, this.#settings.timeoutMs),
      );
    }
    for (const invocation of this.#loading) {
      if (invocation.deadlineMs > nowMs) break;
      this.#endEnvironment(invocation.environment, timeoutPayload(invocation.requestId, initializationMsMax));
    }
    if (this.#running.size + this.#loading.size + this.#coldStarts.length > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }
}

function preparedVariables(variables: Readonly<Record<string, string>>): Record<string, string> {
  return { ...variables, AWS_LAMBDA_INITIALIZATION_TYPE: "provisioned-concurrency" };
}

function lastBytes(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  return bytes.subarray(Math.max(0, bytes.length - logTailBytesMax)).toString("base64");
}
