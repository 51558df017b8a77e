/** Calls made by several threads: the same transfers, the same figures, and in order whatever ends them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Worker } from "node:worker_threads";

import {
  LoadThreadError,
  type Progress,
  type Report,
  type StressOptions,
  type Transfer,
  chapter6Defaults,
  runStress,
  stressHeading,
} from "../src/index.ts";
import { type Responder, sendJson, startInvokeServer } from "./invoke-server.ts";

const sizes = { invocations: 600, parallel: 60, accounts: 500, seed: 4711 };

async function runAgainst(
  respond: Responder,
  options: Partial<Omit<StressOptions, "target">>,
): Promise<Report> {
  const server = await startInvokeServer(respond);
  try {
    const profile = { ...chapter6Defaults, threads: undefined };
    return await runStress(profile, { target: server.target, ...sizes, ...options });
  } finally {
    await server.close();
  }
}

/** Decided by the transfer alone, so that the same transfers have the same outcomes in any order. */
const answerTo: Responder = ({ payload }, response) => {
  const { payer_id, payee_id } = payload as Transfer;
  const outcome =
    payer_id % 10 === 0 ? { error: `no account ${payer_id}`, errorCode: "40001" } : { balance: 1 };
  sendJson(response, { ...outcome, duration: payee_id, retries: payer_id % 3 });
};

/** What depends on the transfers and not on the clock. */
function timeless({ elapsedMs: _elapsed, clientMs, errorMs, schedule: _schedule, ...rest }: Report): object {
  const errors = [...rest.errorBreakdown].sort((left, right) => (left.message < right.message ? -1 : 1));
  return { ...rest, errorBreakdown: errors, timed: [clientMs.count, errorMs.count] };
}

test("any number of threads asks for the same transfers and reports the same figures", async () => {
  const runs: { asked: string[]; report: Report }[] = [];
  for (const threads of [undefined, 1, 3, 7]) {
    const asked: string[] = [];
    const report = await runAgainst(
      (call, ...rest) => {
        asked.push(JSON.stringify(call.payload));
        answerTo(call, ...rest);
      },
      { threads },
    );
    assert.equal(report.schedule.threads, threads);
    runs.push({ asked: asked.sort(), report });
  }
  const [here, ...inThreads] = runs;
  assert.equal(here?.asked.length, sizes.invocations);
  assert.ok(here.report.errors > 0 && here.report.lambdaMs.p99 > here.report.lambdaMs.p50);
  for (const { asked, report } of inThreads) {
    assert.deepEqual(asked, here.asked);
    assert.deepEqual(timeless(report), timeless(here.report));
  }
});

test("progress is that of all threads together, and ends with all calls", async () => {
  const progress: Progress[] = [];
  await runAgainst(answerTo, { threads: 2, onProgress: (one) => progress.push(one) });
  assert.equal(progress[0]?.calls, 0);
  assert.deepEqual(
    progress.map(({ calls }) => calls),
    progress.map(({ calls }) => calls).sort((left, right) => left - right),
  );
  const last = progress.at(-1);
  assert.deepEqual(
    [last?.isOver, last?.calls, last?.callsPlanned],
    [true, sizes.invocations, sizes.invocations],
  );
});

test("an abort ends every thread; the calls under way are awaited and counted", async () => {
  const controller = new AbortController();
  let requests = 0;
  const report = await runAgainst(
    (_call, response) => {
      if (++requests === 100) controller.abort();
      setImmediate(() => sendJson(response, { balance: 1, duration: 1, retries: 0 }));
    },
    { invocations: 1_000_000, threads: 3, signal: controller.signal },
  );
  assert.equal(report.wasAborted, true);
  assert.equal(report.calls, requests);
  assert.equal(report.successes, requests);
});

test("a run that was aborted before it began makes no call", async () => {
  const report = await runAgainst(answerTo, { threads: 2, signal: AbortSignal.abort() });
  assert.deepEqual([report.calls, report.wasAborted], [0, true]);
});

test("a thread that dies ends the run with an error that has what was counted", async (t) => {
  const workers: Worker[] = [];
  const keep = (worker: Worker): void => void workers.push(worker);
  process.on("worker", keep);
  t.after(() => process.off("worker", keep));
  const told: Progress[] = [];
  let requests = 0;
  const ended = runAgainst(
    (_call, response) => {
      requests++;
      // As late as the first progress is told: of calls before it the reporting thread knows by then.
      if (requests > 100 && (told.at(-1)?.calls ?? 0) > 0) void workers[0]?.terminate();
      setImmediate(() => sendJson(response, { balance: 1, duration: 1, retries: 0 }));
    },
    { invocations: 1_000_000, threads: 3, onProgress: (one) => told.push(one) },
  );
  const error = await ended.then(() => undefined).catch((reason: unknown) => reason);
  assert.ok(error instanceof LoadThreadError, String(error));
  assert.equal(error.message, "1 of 3 threads died: a thread that makes calls exited with code 1");
  const { report } = error;
  assert.equal(report.wasAborted, true);
  assert.ok(report.calls >= (told.find(({ calls }) => calls > 0)?.calls ?? Infinity));
  // What the dead thread had under way, or had not told of yet, nobody counted.
  assert.ok(report.successes > 0 && report.calls <= requests && requests < 1_000_000);
  assert.equal(told.at(-1)?.isOver, true);
});

test("an error in a thread is the run's error", async () => {
  await assert.rejects(runAgainst(answerTo, { threads: 2, accounts: 1 }), {
    message: "a transfer needs at least 2 accounts",
  });
});

test("the heading says over how many threads the workers are", () => {
  const heading = stressHeading(chapter6Defaults, { threads: 4 });
  assert.match(heading, /^Starting 50 workers\.\.\.$/m);
  assert.match(heading, /^Created 50 worker\(s\) in 4 thread\(s\)$/m);
});
