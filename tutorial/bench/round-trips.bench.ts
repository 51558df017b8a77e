/**
 * What it buys to make a transfer in fewer round trips: the three ways of the tutorial's appendix, in turns, in one run,
 * against one local stack.
 *
 *     node tutorial/dist/bench/round-trips.bench.js [rounds] [seconds] [connections] [delay]
 *
 * `delay` is what the way between function and cluster takes, in milliseconds there and as many back; 0 is this machine.
 * A round lets each way make transfers for that long, one after the other on each connection. Reported are the medians of
 * the rounds, and the ratio to five round trips as the median of the rounds' own ratios, so that a machine that is busy
 * for a while does not favour one of them. It calls the chapters' own `performTransfer`, without Lambda around it.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import process from "node:process";
import { layCable } from "../test/cable.ts";
import type { Chapter } from "../test/chapter-files.ts";
import { openTutorialDatabase } from "../test/database.ts";
import { bundleLambda } from "../test/deployed-function.ts";
import { startLocalStack } from "../test/local-stack.ts";
import { insertAccounts } from "./accounts.ts";

const ways = [
  { chapter: "ch06", name: "five round trips" },
  { chapter: "ch06-pipelined", name: "pipelined: two" },
  { chapter: "ch06-one-statement", name: "one statement: one" },
] as const satisfies readonly { chapter: Chapter; name: string }[];

// So many that two transfers seldom meet: this is about the way, not about conflicts.
const accounts = 100_000;

type PerformTransfer = (request: { payer_id: number; payee_id: number; amount: number }) => Promise<number>;

async function main(): Promise<void> {
  const [rounds = 5, seconds = 5, connections = 1, delayMs = 0] = process.argv.slice(2).map(Number);
  const stack = await startLocalStack();
  try {
    const environment = await stack.environment();
    const admin = await openTutorialDatabase(stack, environment);
    await insertAccounts(admin, accounts);
    await admin.end();
    const bundles = await Promise.all(
      ways.map(({ chapter }) => bundleLambda(chapter, "transfer.ts", stack.folder)),
    );
    const cable = await layCable({ port: Number(environment["DSQL_LOCAL_PORT"]), delayMs });
    console.log(`${rounds} rounds of ${seconds} s, ${connections} connection(s), ${delayMs} ms each way\n`);
    // A process of its own: only at its start does Node read NODE_OPTIONS, which leads the cluster's name to this machine.
    const child = fork(
      import.meta.filename,
      ["measure", String(rounds), String(seconds), String(connections), ...bundles],
      { env: delayMs === 0 ? environment : { ...environment, DSQL_LOCAL_PORT: String(cable.port) } },
    );
    await once(child, "exit");
    await cable.close();
    process.exitCode = child.exitCode ?? 1;
  } finally {
    await stack.stop();
  }
}

async function measure([rounds, seconds, connections, ...bundles]: readonly string[]): Promise<void> {
  const callers = bundles.map((bundle) =>
    Array.from({ length: Number(connections) }, () => loadTransfer(bundle)),
  );
  // Connections opened, caches filled.
  for (const each of callers) await transfersPerSecond(each, 1);
  const rates: number[][] = callers.map(() => []);
  for (let round = 0; round < Number(rounds); round++) {
    for (const [way, each] of callers.entries()) {
      rates[way]?.push(await transfersPerSecond(each, Number(seconds)));
    }
  }
  const [reference = []] = rates;
  console.log("| transfer           | transfers/s | ms a transfer | ratio |\n| --- | ---: | ---: | ---: |");
  for (const [way, found] of rates.entries()) {
    const rate = median(found);
    const ratio = median(found.map((value, round) => value / (reference[round] ?? value)));
    const eachMs = (1_000 / rate) * Number(connections);
    console.log(`| ${ways[way]?.name} | ${rate.toFixed(0)} | ${eachMs.toFixed(2)} | ${ratio.toFixed(2)} |`);
  }
  process.exit(0);
}

/** A copy of the module with a pool of its own, as an execution environment of Lambda has it. */
function loadTransfer(bundle: string): PerformTransfer {
  const require = createRequire(import.meta.url);
  delete require.cache[require.resolve(bundle)];
  return (require(bundle) as { performTransfer: PerformTransfer }).performTransfer;
}

async function transfersPerSecond(callers: readonly PerformTransfer[], seconds: number): Promise<number> {
  const startedAt = performance.now();
  let transfers = 0;
  const repeat = async (performTransfer: PerformTransfer): Promise<void> => {
    while (performance.now() - startedAt < seconds * 1_000) {
      const payer_id = 1 + Math.floor(Math.random() * accounts);
      const payee_id = (payer_id % accounts) + 1;
      try {
        await performTransfer({ payer_id, payee_id, amount: 1 });
        transfers++;
      } catch (error) {
        // Rare among so many accounts; it has cost its time and counts for nothing.
        if ((error as { code?: unknown }).code !== "40001") throw error;
      }
    }
  };
  await Promise.all(callers.map(repeat));
  return transfers / ((performance.now() - startedAt) / 1_000);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

const [command, ...rest] = process.argv.slice(2);
await (command === "measure" ? measure(rest) : main());
