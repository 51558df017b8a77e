/**
 * PostgreSQL as the cluster holds it: through the guardian.
 *
 * Always true
 * - When `ended` has resolved, the postmaster is gone, also where the guardian was killed before it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { GuardianReport, GuardianTask } from "./guardian.ts";
import { LogTail } from "../programs/log-tail.ts";
import { endOrphan, endPostmaster } from "./orphan.ts";
import { readPostmasterFile } from "./postmaster-file.ts";
import type { ShutdownMode } from "./postmaster-process.ts";
import { programEnvironment } from "../programs/run-program.ts";

export interface GuardedPostmaster {
  /** The postmaster's process id, once it runs. */
  readonly pid: number | undefined;
  readonly guardianPid: number | undefined;
  /** Says in words how it ended. Never rejects. */
  readonly ended: Promise<string>;
  /** Resolves with true when a connection is possible, with false when it ended before. */
  ready(): Promise<boolean>;
  /** Asks it to shut down, in a harder way each time its patience ends. `ended` tells when that is done. */
  shutDown(mode: ShutdownMode): void;
  /** The last lines of PostgreSQL's log. */
  log(): readonly string[];
}

const readyPollMs = 10;

export function startGuarded(task: GuardianTask, onLogLine: (line: string) => void): GuardedPostmaster {
  const guardian = spawn(
    process.execPath,
    [fileURLToPath(new URL("guardian.js", import.meta.url)), JSON.stringify(task)],
    {
      cwd: process.platform === "win32" ? task.postgresDir : "/",
      detached: true, // In a session of its own, out of reach of the terminal's Ctrl-C.
      windowsHide: true,
      env: programEnvironment(),
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  const tail = new LogTail();
  guardian.stderr.setEncoding("utf8").on("data", (text: string) => {
    tail.write(text).forEach(onLogLine);
  });
  guardian.stdin.on("error", () => undefined); // It is gone: its exit tells the story.
  let pid: number | undefined;
  let hasEnded = false;
  const ended = waitForEnd(guardian, task.postgresDir, (started) => (pid = started)).then((reason) => {
    hasEnded = true;
    return reason;
  });
  return {
    get pid() {
      return pid;
    },
    guardianPid: guardian.pid,
    ended,
    async ready() {
      for (;;) {
        if (hasEnded) return false;
        const file = await readPostmasterFile(task.postgresDir);
        const isWritten = file !== undefined && file !== "damaged";
        if (isWritten && file.pid === pid && file.isReady) return true;
        await sleep(readyPollMs);
      }
    },
    shutDown(mode) {
      guardian.stdin.write(`${mode}\n`);
    },
    log: () => tail.lines(),
  };
}

async function waitForEnd(
  guardian: ChildProcess,
  postgresDir: string,
  onStarted: (pid: number) => void,
): Promise<string> {
  let pid: number | undefined;
  let reason: string | undefined;
  if (guardian.stdout !== null) {
    createInterface({ input: guardian.stdout }).on("line", (line) => {
      const report = JSON.parse(line) as GuardianReport;
      if (report.event === "started") onStarted((pid = report.pid));
      if (report.event === "refused") reason = report.message;
      if (report.event === "ended") reason = describeEnd(report);
    });
  }
  const guardianEnd = await new Promise<string>((resolve) => {
    guardian.on("error", (error) => {
      resolve(error.message);
    });
    // Not "close": where the guardian was killed, PostgreSQL itself still holds the pipes.
    guardian.on("exit", (code, signal) => {
      resolve(describeEnd({ code, signal }));
    });
  });
  // Its last report may still be on the way through the pipe.
  for (let turn = 0; turn < 20 && reason === undefined; turn++) await sleep(5);
  if (reason !== undefined) return `PostgreSQL ${reason}`;
  const failure = await endLeftBehind(pid, postgresDir).catch((error: unknown) => String(error));
  return `the process that guards PostgreSQL ${guardianEnd}${failure === undefined ? "" : `; ${failure}`}`;
}

/** The guardian was killed. Whether it had told us of its postmaster or not, that one must not go on. */
async function endLeftBehind(pid: number | undefined, postgresDir: string): Promise<undefined> {
  if (pid !== undefined) await endPostmaster(pid, postgresDir);
  await endOrphan(postgresDir);
}

function describeEnd({ code, signal }: { code: number | null; signal: string | null }): string {
  if (signal !== null) return `was ended by ${signal}`;
  return code === null ? "ended" : `ended with exit code ${code}`;
}
