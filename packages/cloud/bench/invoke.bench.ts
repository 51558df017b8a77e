/**
 * What an invocation costs in the main thread and end to end: a handler that does nothing, called without HTTP.
 *
 * Also what 1,000 execution environments of a bundle of some 200 KB cost in time and memory.
 */

import { startLambda } from "../test/lambda-support.ts";

const warmCalls = 1_000;
const measuredCalls = 30_000;
const coldEnvironments = 1_000;

const noop = "exports.handler = async (event) => ({ balance: 100, duration: 1, retries: 0 });";
const event = JSON.stringify({ payer_id: 1, payee_id: 2, amount: 10 });

const local = startLambda();
try {
  const name = await local.deploy(noop);
  for (const concurrency of [1, 64, 1_000]) {
    await call(name, warmCalls, concurrency);
    const cpu = process.cpuUsage();
    const loop = performance.eventLoopUtilization();
    const elapsedMs = await call(name, measuredCalls, concurrency);
    const { utilization } = performance.eventLoopUtilization(loop);
    const { user, system } = process.cpuUsage(cpu);
    console.log(
      `concurrency ${concurrency}: ${Math.round((measuredCalls / elapsedMs) * 1_000)} invocations/s, ` +
        `${((elapsedMs * 1_000 * utilization) / measuredCalls).toFixed(1)} µs of the main thread each, ` +
        `${((user + system) / measuredCalls).toFixed(1)} µs of CPU each in all threads`,
    );
  }
  await measureColdStarts();
} finally {
  await local.close();
}

async function call(functionName: string, calls: number, concurrency: number): Promise<number> {
  const startedMs = performance.now();
  let left = calls;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await local.lambda.invoke({ functionName, payload: event });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return performance.now() - startedMs;
}

/** Each handler waits until all have started, so that every invocation needs an environment of its own. */
async function measureColdStarts(): Promise<void> {
  const filler = Array.from(
    { length: 1_500 },
    (_, index) =>
      `function part${index}(left, right) {\n  const sum = left + right + ${index};\n  return sum > 0 ? { sum, of: [left, right] } : undefined;\n}\nm[${index}] = part${index};`,
  ).join("\n");
  const source = `const m = [];\n${filler}\nexports.handler = async () => { await new Promise((r) => setTimeout(r, 5000)); return m.length; };`;
  const name = await local.deploy(source, { Timeout: 30 });
  const memory = process.memoryUsage().rss;
  const startedMs = performance.now();
  await local.lambda.invoke({ functionName: name, payload: "{}" });
  const firstMs = performance.now() - startedMs - 5_000;
  const burstMs = performance.now();
  await call(name, coldEnvironments, coldEnvironments);
  const elapsedMs = performance.now() - burstMs - 5_000;
  const bytes = process.memoryUsage().rss - memory;
  console.log(
    `cold starts of ${Math.round(source.length / 1024)} KB: first ${firstMs.toFixed(0)} ms with its thread, ` +
      `then ${coldEnvironments} in ${elapsedMs.toFixed(0)} ms, ${(bytes / 1024 / coldEnvironments).toFixed(0)} KB each`,
  );
}
