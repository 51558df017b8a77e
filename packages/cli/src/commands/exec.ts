import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { Command, Option } from "commander";
import { exitCodes, Failure } from "../failure.ts";
import { dataDirOption, nonEmpty, resolveDataDir } from "../options.ts";
import {
  cannotGoOn,
  childEnvironment,
  findStack,
  onLauncherGone,
  type Platform,
  platforms,
  platformVariables,
  type Stack,
  type StackFacts,
  startStack,
  waitForStack,
} from "../stack/index.ts";
import { makeTemporaryDir } from "../temporary-dir.ts";

interface ExecOptions {
  readonly dataDir: string;
  readonly migrations?: string;
  readonly fresh: boolean;
  readonly for?: Platform;
}

export function execCommand(): Command {
  return new Command("exec")
    .summary("run a command with a stack, and everything of dsql env set")
    .description(
      "Runs a command with everything of dsql env set. Uses the stack that runs on the data directory; where none does\n" +
        "it starts one and stops it afterwards. The command's exit code is this one's; signals are passed on to it.",
    )
    .argument("<command...>", "the program and its arguments, after --")
    .addOption(dataDirOption())
    .addOption(
      new Option("--migrations <folder>", "apply these first, as dsql migrate up does").argParser(nonEmpty),
    )
    .option("--fresh", "start an empty stack of its own, on free ports, that is gone afterwards", false)
    .addOption(new Option("--for <platform>", "set what programs on it need as well").choices(platforms))
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql exec --for go -- go test ./...
  $ npx dsql exec --fresh --migrations ./migrations -- npm test
  $ npx dsql exec -- psql -c "SELECT 1"

Exit codes: the command's own; 128 and the number of the signal that ended it; 127 there is no such command;
126 it may not be run; 1 no stack could be had.
`,
    )
    .action(runWithStack);
}

const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function runWithStack(command: readonly string[], options: ExecOptions): Promise<void> {
  const run = new Run();
  try {
    process.exitCode = await withStack(options, async (facts) => {
      const more = options.for === undefined ? {} : await platformVariables(options.for, facts);
      const environment = { ...(await childEnvironment(facts)), ...more };
      if (options.migrations !== undefined) {
        const code = await run.child(migrateUp(options.migrations, facts.dataDir), environment, "to stderr");
        if (code !== 0) return code;
      }
      return await run.child(command, environment);
    });
  } finally {
    run.end();
  }
}

/** `dsql migrate up`, in a process of its own. */
function migrateUp(folder: string, dataDir: string): readonly string[] {
  const program = process.argv[1] ?? "dsql";
  return [process.execPath, program, "migrate", "up", "--dir", path.resolve(folder), "--data-dir", dataDir];
}

/** The children one after the other, and the signals that are theirs. */
class Run {
  #child: ReturnType<typeof spawn> | undefined;
  #signal: NodeJS.Signals | undefined;
  readonly #stopWatch: () => void;

  constructor() {
    for (const name of names) process.on(name, this.#receive);
    this.#stopWatch = onLauncherGone(() => {
      this.#receive("SIGTERM");
    });
  }

  end(): void {
    this.#stopWatch();
    for (const name of names) process.off(name, this.#receive);
  }

  readonly #receive = (signal: NodeJS.Signals): void => {
    this.#signal = signal;
    // Ctrl-C on a terminal has reached the child already, which is in our process group.
    if (signal !== "SIGINT" || !process.stdin.isTTY) this.#child?.kill(signal);
  };

  /** @returns the exit code */
  async child(
    command: readonly string[],
    environment: NodeJS.ProcessEnv,
    output: "as ours" | "to stderr" = "as ours",
  ): Promise<number> {
    if (this.#signal !== undefined) return codeOf(this.#signal);
    const [program = "", ...args] = command;
    const child = spawn(program, args, {
      env: environment,
      stdio: ["inherit", output === "as ours" ? "inherit" : 2, "inherit"],
      // There, npm, npx and their like are scripts of the command interpreter.
      shell: process.platform === "win32",
    });
    this.#child = child;
    return (await new Promise((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) => {
        reject(cannotRun(program, error));
      });
      child.once("close", (code, signal) => {
        resolve(code ?? codeOf(signal));
      });
    }).finally(() => (this.#child = undefined))) as number;
  }
}

/** As shells count. */
function codeOf(signal: NodeJS.Signals | null): number {
  return signal === null ? exitCodes.failed : 128 + os.constants.signals[signal];
}

function cannotRun(program: string, error: NodeJS.ErrnoException): Failure {
  if (error.code === "ENOENT" || (error.code === "EACCES" && !isThere(program))) {
    return new Failure(`there is no command ${program}`, {
      remedy: "Put the command after --, with its path if it is not in PATH: dsql exec -- npm test",
      exitCode: 127,
      cause: error,
    });
  }
  return new Failure(`${program} cannot be run: ${error.message}`, { exitCode: 126, cause: error });
}

/** A folder of PATH that this user may not enter gives EACCES too, whatever is looked for there. */
function isThere(program: string): boolean {
  if (program.includes(path.sep)) return true;
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  return folders.some((folder) => existsSync(path.join(folder, program)));
}

/** Gives `work` the stack that runs, or one that is there for as long as it takes. */
async function withStack(
  options: ExecOptions,
  work: (facts: StackFacts) => Promise<number>,
): Promise<number> {
  const dataDir = resolveDataDir(options.dataDir);
  if (!options.fresh && (await findStack(dataDir)).state !== "stopped")
    return await work(await waitForStack(dataDir));
  const home = options.fresh ? await makeTemporaryDir() : undefined;
  let stack: Stack | undefined;
  try {
    stack = await startStack(
      home === undefined ? { dataDir } : { dataDir: path.join(home.path, "data"), port: 0, awsPort: 0 },
    );
    void stack.failed.then((reason) => process.stderr.write(`${cannotGoOn(reason).message}\n`));
    return await work(stack.facts);
  } finally {
    await stack?.stop({ immediate: home !== undefined });
    if (home !== undefined) {
      // PostgreSQL's files may lie elsewhere, where its user can reach them.
      const { removeDataDir } = await import("@dsql-local/cluster");
      await removeDataDir(path.join(home.path, "data"));
      await home.remove();
    }
  }
}
