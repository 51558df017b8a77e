/**
 * Where the time of chapter 6's stress test goes: CPU per invocation, by process and thread. Linux only (/proc).
 *
 *     node tutorial/dist/bench/cpu-per-call.bench.js [calls] [parallel]
 *
 * Starts a stack, deploys the chapter with the CDK, sets up 100,000 accounts and runs the helper's test twice: a short run warms
 * everything up, the second is measured. The sum of what a call costs, divided into the processors, is the rate that cannot be
 * exceeded, however idle the machine is otherwise.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { tutorialDir } from "../test/chapter-files.ts";
import { openTutorialDatabase } from "../test/database.ts";
import { type LocalStack, startLocalStack } from "../test/local-stack.ts";

const accounts = 100_000;
const warmUpCalls = 5_000;
/** USER_HZ of every Linux that Node runs on. */
const ticksPerSecond = 100;
/** Threads with less than this are summed up, in microseconds per call. */
const shownFromUs = 15;

const bin = path.join(tutorialDir, "..", "packages", "cli", "bin");

interface Run {
  readonly stdout: string;
  /** CPU that the process has used when last looked at, in clock ticks. */
  readonly ticks: number;
}

async function main(): Promise<void> {
  const [calls = 20_000, parallel = 1_000] = process.argv.slice(2).map(Number);
  const stack = await startLocalStack();
  try {
    const environment = await stack.environment();
    await prepare(stack, environment);
    const status = [path.join(bin, "dsql.js"), "status", "--json", "--data-dir", stack.dataDir];
    const { pid } = JSON.parse((await run(status, environment)).stdout) as { pid: number };
    await stress(warmUpCalls, parallel, environment);
    const before = ticksNow(pid);
    const load = await stress(calls, parallel, environment);
    const after = ticksNow(pid);
    const spent = [...after].map(([name, ticks]) => [name, ticks - (before.get(name) ?? 0)] as const);
    print(calls, load, [...spent, ["load generator", load.ticks]]);
  } finally {
    await stack.stop();
  }
}

/** Deploys the chapter, and makes by hand what the tutorial's text has made by then. */
async function prepare(stack: LocalStack, environment: NodeJS.ProcessEnv): Promise<void> {
  const cdk = path.join(
    path.dirname(createRequire(import.meta.url).resolve("aws-cdk/package.json")),
    "bin",
    "cdk",
  );
  const outputsFile = path.join(stack.folder, "outputs.json");
  const output = path.join(stack.folder, "cdk.out");
  const options = ["--require-approval", "never", "--output", output, "--outputs-file", outputsFile];
  await run([cdk, "deploy", ...options], environment, path.join(tutorialDir, "ch06", "cdk"));
  const outputs = JSON.parse(readFileSync(outputsFile, "utf8")) as Record<string, { LambdaRoleArn: string }>;
  const admin = await openTutorialDatabase(stack, environment);
  for (const { LambdaRoleArn } of Object.values(outputs)) {
    await admin.query(`AWS IAM GRANT myapp TO '${LambdaRoleArn}'`);
  }
  await admin.query("CREATE INDEX ASYNC ON transactions (payer_id, created_at)");
  await admin.query("CREATE INDEX ASYNC ON transactions (payee_id, created_at)");
  await admin.end();
  await run([path.join(bin, "helper.js"), "--setup-ch06", "--accounts", String(accounts)], environment);
}

async function stress(calls: number, parallel: number, environment: NodeJS.ProcessEnv): Promise<Run> {
  const flags = ["--invocations", calls, "--parallel", parallel, "--accounts", accounts].map(String);
  return await run([path.join(bin, "helper.js"), "--test-chapter", "6", "--json", ...flags], environment);
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv, cwd = process.cwd()): Promise<Run> {
  const child = spawn(process.execPath, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
  let ticks = 0;
  const look = setInterval(() => {
    ticks = sum(threadTicks(child.pid ?? 0)) || ticks;
  }, 100);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  clearInterval(look);
  if (child.exitCode !== 0) throw new Error(`${args.join(" ")} failed:\n${stderr}`);
  return { stdout, ticks };
}

/** What the stack's threads and its PostgreSQL have used so far, in clock ticks. */
function ticksNow(stackPid: number): Map<string, number> {
  const found = new Map<string, number>();
  for (const [thread, ticks] of threadTicks(stackPid)) found.set(`stack, thread ${thread}`, ticks);
  let postgres = 0;
  // A backend that ends leaves what it has used to the postmaster.
  for (const pid of descendants(stackPid)) postgres += processTicks(pid);
  return found.set("PostgreSQL", postgres);
}

function threadTicks(pid: number): Map<string, number> {
  const found = new Map<string, number>();
  for (const thread of listing(`/proc/${pid}/task`)) {
    const [user = 0, system = 0] = times(`/proc/${pid}/task/${thread}/stat`);
    found.set(thread, user + system);
  }
  return found;
}

function processTicks(pid: number): number {
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = times(`/proc/${pid}/stat`);
  return user + system + childUser + childSystem;
}

function descendants(pid: number): number[] {
  const children = listing(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(" ").filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** utime, stime, cutime, cstime. Source: proc(5); the name in parentheses may hold blanks. */
function times(file: string): number[] {
  const content = read(file);
  return content
    .slice(content.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15)
    .map(Number);
}

/** Nothing where the process has just ended. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function sum(ticks: ReadonlyMap<string, number>): number {
  return [...ticks.values()].reduce((left, right) => left + right, 0);
}

function print(calls: number, result: Run, spent: readonly (readonly [string, number])[]): void {
  const { elapsedMs } = JSON.parse(result.stdout) as { elapsedMs: number };
  const perCall = (ticks: number): number => (ticks / ticksPerSecond / calls) * 1_000_000;
  const total = spent.reduce((left, [, ticks]) => left + perCall(ticks), 0);
  let rest = 0;
  console.log("| process | CPU per call, µs |\n| --- | ---: |");
  for (const [name, ticks] of spent) {
    if (perCall(ticks) < shownFromUs) rest += perCall(ticks);
    else console.log(`| ${name} | ${perCall(ticks).toFixed(0)} |`);
  }
  console.log(`| further threads | ${rest.toFixed(0)} |\n| all | ${total.toFixed(0)} |\n`);
  const processors = os.availableParallelism();
  console.log(`${((calls / elapsedMs) * 1_000).toFixed(0)} calls/s; with ${processors} processors at most`);
  console.log(
    `${((processors / total) * 1_000_000).toFixed(0)} calls/s if nothing else ran and nothing waited`,
  );
}

await main();
