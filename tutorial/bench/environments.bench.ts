/**
 * What it costs to have many execution environments in one thread: CPU of chapter 6's transfer per call, in the process
 * that makes it, by the number of copies of the chapter's code that are at work at once.
 *
 *     node tutorial/dist/bench/environments.bench.js [rounds] [calls]
 *
 * As in the local Lambda the code is compiled once and run once for each copy, and each copy has its own connection. Each
 * number of copies has a process of its own; in each round every one of them makes so many calls, one process after the
 * other. Reported are the medians of the rounds, and of the rounds' own ratios to the first number: CPU per call rises on
 * a machine with other work, but for all of them alike.
 */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { compileFunction } from "node:vm";
import { openTutorialDatabase } from "../test/database.ts";
import { bundleLambda } from "../test/deployed-function.ts";
import { startLocalStack } from "../test/local-stack.ts";
import { insertAccounts } from "./accounts.ts";

const environmentCounts = [64, 16, 8, 4, 1] as const;
const accounts = 100_000;
/** Until the engine has compiled what is called often. */
const warmUpCalls = 4_000;

type PerformTransfer = (request: { payer_id: number; payee_id: number; amount: number }) => Promise<number>;

async function main(): Promise<void> {
  const [rounds = 15, calls = 400] = process.argv.slice(2).map(Number);
  const stack = await startLocalStack();
  const children: ChildProcess[] = [];
  try {
    const environment = await stack.environment();
    const admin = await openTutorialDatabase(stack, environment);
    await insertAccounts(admin, accounts);
    await admin.end();
    const bundle = await bundleLambda("ch06", "transfer.ts", stack.folder);
    for (const count of environmentCounts) {
      children.push(fork(import.meta.filename, ["serve", bundle, String(count)], { env: environment }));
    }
    for (const child of children) await cpuPerCall(child, warmUpCalls);
    const spent: number[][] = children.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, child] of children.entries()) spent[index]?.push(await cpuPerCall(child, calls));
    }
    print(spent);
  } finally {
    for (const child of children) child.kill();
    await stack.stop();
  }
}

function cpuPerCall(child: ChildProcess, calls: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new Error("the process that makes the calls has ended"));
    child.once("exit", end);
    child.once("message", (us) => {
      child.off("exit", end);
      resolve(us as number);
    });
    child.send(calls);
  });
}

function print(spent: readonly (readonly number[])[]): void {
  const [reference = []] = spent;
  console.log("| environments | CPU per call, µs | ratio |\n| ---: | ---: | ---: |");
  for (const [index, found] of spent.entries()) {
    const ratio = median(found.map((value, round) => value / (reference[round] ?? value)));
    console.log(`| ${environmentCounts[index]} | ${median(found).toFixed(0)} | ${ratio.toFixed(2)} |`);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Makes as many calls as each message asks for, and answers with the CPU that one took, in microseconds. */
function serve(bundle: string, count: number): void {
  const environments = loadEnvironments(bundle, count);
  process.on("message", (calls: number) => {
    const before = process.cpuUsage();
    void makeCalls(environments, calls).then(() => {
      const { user, system } = process.cpuUsage(before);
      process.send?.((user + system) / calls);
    });
  });
}

function loadEnvironments(bundle: string, count: number): PerformTransfer[] {
  const parameters = ["exports", "require", "module"];
  const code = readFileSync(bundle, "utf8");
  const run = compileFunction(code, parameters, { filename: bundle }) as (...values: unknown[]) => void;
  return Array.from({ length: count }, () => {
    const module = { exports: {} };
    run(module.exports, createRequire(bundle), module);
    return (module.exports as { performTransfer: PerformTransfer }).performTransfer;
  });
}

async function makeCalls(environments: readonly PerformTransfer[], calls: number): Promise<void> {
  let left = calls;
  const work = async (performTransfer: PerformTransfer): Promise<void> => {
    while (left-- > 0) {
      const payer_id = 1 + Math.floor(Math.random() * accounts);
      try {
        await performTransfer({ payer_id, payee_id: (payer_id % accounts) + 1, amount: 1 });
      } catch (error) {
        // Rare among so many accounts; it has cost its time like the others.
        if ((error as { code?: unknown }).code !== "40001") throw error;
      }
    }
  };
  await Promise.all(environments.map(work));
}

const [command, ...rest] = process.argv.slice(2);
if (command === "serve") serve(rest[0] ?? "", Number(rest[1]));
else await main();
