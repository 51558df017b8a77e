/** The local stack as a reader starts it: `dsql start` in a process of its own, and the environment of `dsql env`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { tutorialDir } from "./chapter-files.ts";

export interface LocalStack {
  readonly endpoint: string;
  /** Where this test may leave its files; removed with the stack. */
  readonly folder: string;
  readonly dataDir: string;
  /** What `eval "$(npx dsql env)"` makes of this process's environment. */
  environment(): Promise<NodeJS.ProcessEnv>;
  stop(): Promise<void>;
}

const dsqlFile = path.join(tutorialDir, "..", "packages", "cli", "bin", "dsql.js");

export async function startLocalStack(): Promise<LocalStack> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "dsql-tutorial-"));
  const dataDir = path.join(folder, "data");
  const child = spawn(
    process.execPath,
    [dsqlFile, "start", "--json", "--data-dir", dataDir, "--port", "0", "--aws-port", "0"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(child, "close");
  const facts = JSON.parse(await firstLine(child)) as { clusterEndpoint: string };
  return {
    endpoint: facts.clusterEndpoint,
    folder,
    dataDir,
    environment: () => environmentOf(dataDir),
    async stop() {
      child.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

async function firstLine(child: ChildProcess): Promise<string> {
  let output = "";
  for await (const chunk of child.stdout ?? []) {
    output += String(chunk);
    if (output.includes("\n")) return output;
  }
  throw new Error("dsql start ended before it was ready");
}

async function environmentOf(dataDir: string): Promise<NodeJS.ProcessEnv> {
  const child = spawn(process.execPath, [dsqlFile, "env", "--json", "--data-dir", dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const variables = JSON.parse(await text(child.stdout)) as Record<string, string>;
  return { ...process.env, ...variables };
}
