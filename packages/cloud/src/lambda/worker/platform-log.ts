/**
 * The lines that Lambda itself writes into a function's log: INIT_START, START, END and REPORT, or their JSON forms.
 *
 * Source: AWS Lambda Developer Guide, "Log formats" and "Viewing logs for Lambda functions".
 */

import type { Ending, ThreadSettings } from "../thread-messages.ts";
import type { Environment, Invocation } from "./environment.ts";

/** How long a measured share of memory is shown before it is measured again. */
const memoryAgeMsMax = 1_000;

const statuses: Readonly<Record<Ending, string>> = {
  returned: "success",
  failed: "failure",
  ended: "error",
  refused: "failure",
};

export class PlatformLog {
  readonly #settings: ThreadSettings;
  readonly #environmentCount: () => number;
  #memoryMb = 0;
  #memoryMeasuredMs = -memoryAgeMsMax;

  constructor(settings: ThreadSettings, environmentCount: () => number) {
    this.#settings = settings;
    this.#environmentCount = environmentCount;
  }

  initialize(environment: Environment): void {
    const runtime = this.#settings.runtime.replace("nodejs", "nodejs:").replace(".x", "");
    if (this.#settings.log.isJson) {
      this.#json(environment, "platform.initStart", {
        runtimeVersion: runtime,
        functionVersion: this.#settings.version,
      });
    } else {
      environment.log(`INIT_START Runtime Version: ${runtime} (run by Node.js ${process.version})`);
    }
  }

  start({ environment, requestId }: Invocation): void {
    const { version, log } = this.#settings;
    if (log.isJson) this.#json(environment, "platform.start", { requestId, version });
    else environment.log(`START RequestId: ${requestId} Version: ${version}`);
  }

  end(invocation: Invocation, ending: Ending): void {
    const { environment, requestId, initializationMs } = invocation;
    const durationMs = performance.now() - invocation.startedMs;
    const billedMs = Math.ceil(durationMs + (initializationMs ?? 0));
    const memoryMb = this.#memoryShareMb();
    if (this.#settings.log.isJson) {
      const metrics = {
        durationMs,
        billedDurationMs: billedMs,
        memorySizeMB: this.#settings.memoryMb,
        maxMemoryUsedMB: memoryMb,
      };
      this.#json(environment, "platform.report", { requestId, status: statuses[ending], metrics });
      return;
    }
    const initialization =
      initializationMs === undefined ? "" : `Init Duration: ${initializationMs.toFixed(2)} ms\t`;
    environment.log(`END RequestId: ${requestId}`);
    environment.log(
      `REPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms\tBilled Duration: ${billedMs} ms\t` +
        `Memory Size: ${this.#settings.memoryMb} MB\tMax Memory Used: ${memoryMb} MB\t${initialization}`,
    );
  }

  #json(environment: Environment, type: string, record: object): void {
    environment.log(JSON.stringify({ time: new Date().toISOString(), type, record }));
  }

  /** An environment's share of its thread's heap: what it uses alone cannot be told apart. */
  #memoryShareMb(): number {
    const nowMs = performance.now();
    if (nowMs - this.#memoryMeasuredMs > memoryAgeMsMax) {
      this.#memoryMeasuredMs = nowMs;
      this.#memoryMb = Math.ceil(
        process.memoryUsage().heapUsed / 2 ** 20 / Math.max(1, this.#environmentCount()),
      );
    }
    return this.#memoryMb;
  }
}
