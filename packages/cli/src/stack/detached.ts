/** A stack in the background: started in a session of its own, with its log in the data directory. */
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { makeFolders } from "@dsql-local/cluster/data-dir";
import { Failure } from "../failure.ts";
import { findStack } from "./lock.ts";
import type { StackFacts } from "./stack-facts.ts";

const logLinesShown = 20;
const lookEveryMs = 50;

export interface DetachedStack {
  readonly facts: StackFacts;
  readonly logFile: string;
}

/**
 * Starts `dsql start` with these arguments and waits until it is ready. It goes on when we end, and its terminal with us.
 * @throws {Failure} it ended before, with the end of its log
 */
export async function startDetached(dataDir: string, args: readonly string[]): Promise<DetachedStack> {
  const found = await findStack(dataDir);
  if (found.state !== "stopped") {
    throw new Failure(
      `process ${found.holder.pid} has been using ${dataDir} since ${found.holder.startedAt}`,
      {
        remedy: "Use that one, or stop it first: npx dsql stop",
      },
    );
  }
  const logFile = await placeForLog(dataDir);
  const log = openSync(logFile, "w", 0o600);
  const program = process.argv[1] ?? "";
  const child = spawn(process.execPath, [program, "start", ...args], {
    detached: true,
    windowsHide: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let end: string | undefined;
  child.once("error", (error) => (end = error.message));
  child.once("exit", (code, signal) => (end = signal ?? `exit code ${code}`));
  child.unref();
  for (;;) {
    const now = await findStack(dataDir);
    if (now.state === "running" && now.holder.pid === child.pid) return { facts: now.facts, logFile };
    if (end !== undefined) throw ended(end, logFile);
    await delay(lookEveryMs);
  }
}

/** In the data directory where it is ours or can become ours; the start itself says what is wrong with any other. */
async function placeForLog(dataDir: string): Promise<string> {
  const name = "stack.log";
  const isOurs =
    !existsSync(dataDir) ||
    existsSync(path.join(dataDir, "cluster.json")) ||
    namesIn(dataDir)?.every((each) => each === name || each.startsWith(".")) === true;
  const elsewhere = path.join(os.tmpdir(), `dsql-local-${process.pid}.log`);
  if (!isOurs) return elsewhere;
  try {
    await makeFolders(dataDir, 0o700);
  } catch {
    return elsewhere; // The start itself says what is wrong with it.
  }
  return path.join(dataDir, name);
}

function namesIn(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder);
  } catch {
    return undefined;
  }
}

function ended(how: string, logFile: string): Failure {
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-logLinesShown).join("\n");
  return new Failure(`the stack ended before it was ready (${how}):\n\n${lines}\n`, {
    remedy: `Its log is ${logFile}.`,
  });
}
