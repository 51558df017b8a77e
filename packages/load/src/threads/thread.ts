/** A thread that makes its share of a run's calls: it says that it is ready, waits for `start`, and sends what it counted. */
import { parentPort, workerData } from "node:worker_threads";
import { AdaptiveLimit } from "../adaptive-limit.ts";
import { createLambdaClient } from "../invocation/index.ts";
import { seededRandom } from "../random.ts";
import { makeCalls } from "../run.ts";
import { Tally } from "../tally.ts";
import { randomTransfers } from "../workload.ts";
import type { ThreadCommand, ThreadMessage, ThreadSettings } from "./messages.ts";

const settings = workerData as ThreadSettings;
const { target, functionName, qualifier, schedule, seed, accounts, callsBefore, underWay } = settings;
const tally = new Tally();
const aborting = new AbortController();
const limit = new AdaptiveLimit(underWay);
const nextPayload = randomTransfers({
  random: seededRandom(seed),
  accounts,
  amount: 1,
  skipped: callsBefore,
});

parentPort?.on("message", (command: ThreadCommand) => {
  if (command === "abort") aborting.abort();
  else void work();
});
send({ kind: "ready" });

async function work(): Promise<void> {
  const client = createLambdaClient({
    target: { ...target, endpoint: new URL(target.endpoint) },
    functionName,
    qualifier,
    parallelMax: schedule.parallel,
    onThrottle: () => limit.refused(),
  });
  const timer = setInterval(() => sendProgress(), settings.progressIntervalMs);
  try {
    await makeCalls(tally, { client, schedule, limit, nextPayload }, aborting.signal);
    await client.close();
  } finally {
    clearInterval(timer);
  }
  sendProgress();
  send({ kind: "done", tally: tally.state() });
  // Nothing is left to do but to listen, and that would keep the thread.
  parentPort?.close();
}

function sendProgress(): void {
  send({ kind: "progress", counts: tally.counts(), recent: tally.takeRecent() });
}

function send(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}
