/** Runs one of PostgreSQL's programs to its end and keeps the last of what it wrote. */
import { spawn } from "node:child_process";
import type { DatabaseUser } from "./database-user.ts";
import { LogTail } from "./log-tail.ts";

export interface ProgramRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Everything on stdout, up to `outputBytesMax`; what is beyond is dropped. */
  readonly stdout: string;
  /** The last lines of stderr. */
  readonly log: readonly string[];
}

// The programs run here print a few hundred bytes. Beyond the bound the rest is dropped.
const outputBytesMax = 1 << 20;

// initdb takes 0.6 s on two idle cores. Past this it hangs, and the caller hears so instead of waiting for ever.
const programMsMax = 120_000;

/**
 * Only what PostgreSQL needs: settings such as PGHOST, PGOPTIONS, LD_LIBRARY_PATH or NODE_OPTIONS of the shell that
 * started us must not change how it runs.
 */
export function programEnvironment(): NodeJS.ProcessEnv {
  const kept = ["PATH", "SystemRoot", "SystemDrive", "TEMP", "TMP", "TMPDIR", "USERPROFILE"];
  const environment: NodeJS.ProcessEnv = { LC_ALL: "C", TZ: "UTC" };
  for (const name of kept) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/** @throws the operating system's error where the program cannot be started at all */
export function runProgram(
  file: string,
  args: readonly string[],
  { user, cwd, input }: { user?: DatabaseUser | undefined; cwd: string; input?: string },
): Promise<ProgramRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env: programEnvironment(),
      windowsHide: true,
      timeout: programMsMax,
      ...(user && { uid: user.uid, gid: user.gid }),
    });
    const tail = new LogTail();
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (stdout.length < outputBytesMax) stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      tail.write(text);
    });
    child.stdin.on("error", () => undefined); // It ended without reading: its exit code tells the story.
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, stdout, log: tail.lines() });
    });
    child.stdin.end(input ?? "");
  });
}
