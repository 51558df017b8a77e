/**
 * What one invocation costs its caller: this package's client beside the AWS SDK's, against the same server, in one run.
 *
 *     node packages/load/dist/bench/invoke.bench.js [calls] [parallel]
 *
 * The server is a process of its own that answers at once without looking at the signature, so that the CPU time counted
 * here is the client's alone.
 */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";

import { type InvocationTarget, createLambdaClient, randomTransfers, seededRandom } from "../src/index.ts";
import { runSchedule } from "../src/schedule.ts";
import { withAnsweringServer } from "./answering-server.ts";

const functionName = "reinvent-dat401";

interface Caller {
  readonly name: string;
  call(payload: object): Promise<void>;
  close(): Promise<void> | void;
}

function ourCaller(target: InvocationTarget, parallel: number): Caller {
  const client = createLambdaClient({ target, functionName, parallelMax: parallel });
  return {
    name: "this client",
    async call(payload) {
      const { answer } = await client.invoke(payload);
      if (answer.kind !== "success") throw new Error(`${answer.code}: ${answer.message}`);
    },
    close: () => client.close(),
  };
}

function sdkCaller({ endpoint, region, credential }: InvocationTarget, parallel: number): Caller {
  const { accessKeyId, secretAccessKey } = credential;
  const client = new LambdaClient({
    endpoint: endpoint.href,
    region,
    credentials: { accessKeyId, secretAccessKey },
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: parallel } },
  });
  const decoder = new TextDecoder();
  return {
    name: "AWS SDK",
    async call(payload) {
      const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(payload) });
      const { Payload, FunctionError } = await client.send(command);
      const answer = JSON.parse(decoder.decode(Payload)) as { balance?: number };
      if (FunctionError !== undefined || answer.balance === undefined) throw new Error("unexpected answer");
    },
    close: () => client.destroy(),
  };
}

async function measure(caller: Caller, calls: number, parallel: number): Promise<void> {
  const nextPayload = randomTransfers({ random: seededRandom(1), accounts: 1_000, amount: 1 });
  const call = (): Promise<void> => caller.call(nextPayload());
  await runSchedule({ kind: "window", calls: Math.min(2_000, calls), parallel }, call); // warms up
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await runSchedule({ kind: "window", calls, parallel }, call);
  const elapsedMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpuUs = (user + system) / calls;
  console.log(
    `${caller.name.padEnd(12)} ${((calls / elapsedMs) * 1_000).toFixed(0).padStart(6)} calls/s  ` +
      `${cpuUs.toFixed(0).padStart(4)} µs of client CPU a call`,
  );
  await caller.close();
}

async function main(calls: number, parallel: number): Promise<void> {
  await withAnsweringServer(async (target) => {
    console.log(`${calls} calls, ${parallel} at a time, node ${process.version}`);
    for (const caller of [ourCaller, sdkCaller]) await measure(caller(target, parallel), calls, parallel);
  });
}

const [calls, parallel] = process.argv.slice(2);
await main(Number(calls ?? 10_000), Number(parallel ?? 64));
