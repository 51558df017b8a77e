/** Runs `dsql` as a user does, in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { StackFacts } from "../src/stack/index.ts";

/** A test, or whatever else runs functions when it is over. */
export interface Owner {
  after(run: () => unknown): void;
}

const undoLists = new WeakMap<Owner, (() => unknown)[]>();

/** Runs what undoes a set-up after the test, the last set-up first: Node's own order is the other way round. */
export function undoAfter(owner: Owner, undo: () => unknown): void {
  let list = undoLists.get(owner);
  if (!list) {
    const fresh: (() => unknown)[] = [];
    list = fresh;
    undoLists.set(owner, fresh);
    owner.after(async () => {
      for (const run of fresh.reverse()) await run();
    });
  }
  list.push(undo);
}

const bin = fileURLToPath(new URL("../../bin/", import.meta.url));

/** @param name - `dsql`, `helper` or `demo` */
export function programFile(name: string): string {
  return path.join(bin, `${name}.js`);
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Runs a command to its end. */
export async function dsql(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return await run(process.execPath, [programFile("dsql"), ...args], options);
}

export async function demo(args: readonly string[]): Promise<Outcome> {
  return await run(process.execPath, [programFile("demo"), ...args]);
}

export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const child = spawn(program, args, { env: options.env ?? process.env, cwd: options.cwd, stdio: "pipe" });
  child.stdin.end(options.stdin ?? "");
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

export interface StartedStack {
  readonly facts: StackFacts;
  readonly process: ChildProcess;
  /** All that it has written to stdout and stderr. */
  readonly output: () => { stdout: string; stderr: string };
  readonly ended: Promise<number | null>;
}

/** `dsql start --json`, up to its one line. Ended with the test if the test did not end it. */
export async function startStack(owner: Owner, args: readonly string[]): Promise<StartedStack> {
  const child = spawn(process.execPath, [programFile("dsql"), "start", "--json", ...args], {
    stdio: "pipe",
  });
  let stdout = "";
  let stderr = "";
  const ended = once(child, "close").then(([code]) => code as number | null);
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      if (stdout.includes("\n")) resolve();
    });
  });
  undoAfter(owner, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
  });
  const code = await Promise.race([ready, ended]);
  if (typeof code === "number") throw new Error(`dsql start ended with ${code}: ${stderr}`);
  return {
    facts: JSON.parse(stdout) as StackFacts,
    process: child,
    output: () => ({ stdout, stderr }),
    ended,
  };
}

/** A data directory that does not exist yet, removed after the test. */
export function newDataDir(owner: Owner, name = "data"): string {
  const parent = mkdtempSync(path.join(os.tmpdir(), "dsql-cli-test-"));
  undoAfter(owner, () => {
    rmSync(parent, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  return path.join(parent, name);
}

export const freePorts = ["--port", "0", "--aws-port", "0"] as const;

/** Waits until a condition holds; fails after a minute. */
export async function eventually(claim: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = Date.now() + 60_000; Date.now() < endMs; await sleep(20)) {
    if (await holds()) return;
  }
  throw new Error(`within a minute this did not come true: ${claim}`);
}
