/**
 * The whole talk, as the text tells it: every command in a real shell, every statement in the one open psql session, every
 * edit in the reader's own copy of the starter kit, in order, against a local stack of its own.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { tutorialDir } from "../chapter-files.ts";
import { applyEdit } from "./edit.ts";
import { firstMissingLine } from "./expected-output.ts";
import { type DatabaseSession, isInstalled, openSession } from "./psql-session.ts";
import { type Block, readScript } from "./script.ts";
import { type CommandResult, Terminal } from "./terminal.ts";

export interface TalkOptions {
  /** Loads as large as the text says, and packages installed; otherwise both are cut short. */
  readonly isFullSize: boolean;
  /** Calls of each load, where they are to be neither as many as the text says nor as few as a test makes. */
  readonly invocations?: number | undefined;
  /** The same for calls at a time. */
  readonly parallel?: number | undefined;
  readonly onBlock?: (block: BlockReport) => void;
  readonly onOutput?: (text: string) => void;
}

export interface BlockReport {
  readonly block: Block;
  readonly elapsedMs: number;
  /** What it printed; empty where it is nothing to run. */
  readonly printed: string;
  /** Why it was not run. */
  readonly skipped?: string;
}

/** The name that the text gives to the reader's project. */
const projectName = "my-dsql-app";

/** What the reader's copies of the settings of another stack or account would lead astray. */
const foreign = /^(AWS_|PG|DSQL_|CLUSTER_|HELPER_|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/;

/** Enough for conflicts to happen. */
const shortLoads = { HELPER_INVOCATIONS: "2000", HELPER_PARALLEL: "100" } as const;

export async function runTalk(options: TalkOptions): Promise<BlockReport[]> {
  const talk = new Talk(options);
  try {
    return await talk.run();
  } finally {
    await talk.end();
  }
}

class Talk {
  readonly #options: TalkOptions;
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), "dsql-talk-"));
  readonly #terminals: Terminal[] = [];
  readonly #shell: Terminal;
  #session: DatabaseSession | undefined;
  #secondSession: DatabaseSession | undefined;
  /** What the block before printed; undefined where it was not run, or not by the program that the text shows. */
  #last: CommandResult | undefined;
  #roleArn = "";

  constructor(options: TalkOptions) {
    this.#options = options;
    this.#layOut();
    this.#shell = this.#openTerminal();
  }

  /** A folder like `tutorial`, whose packages are installed above it. */
  #layOut(): void {
    const isOurs = (file: string): boolean => !/[\\/](node_modules|cdk\.out)$/.test(file);
    cpSync(path.join(tutorialDir, "starter-kit"), path.join(this.#folder, "starter-kit"), {
      recursive: true,
      filter: isOurs,
    });
    symlinkSync(
      path.join(tutorialDir, "..", "node_modules"),
      path.join(this.#folder, "node_modules"),
      "junction",
    );
    // What `npm install` would leave, and where the CDK looks for the root of the project.
    cpSync(path.join(tutorialDir, "..", "package-lock.json"), path.join(this.#folder, "package-lock.json"));
  }

  #openTerminal(): Terminal {
    const scratchFolder = path.join(this.#folder, `terminal-${this.#terminals.length + 1}`);
    mkdirSync(scratchFolder);
    const terminal = new Terminal({
      folder: this.#folder,
      environment: this.#environment(),
      scratchFolder,
      // A million calls take a slow machine more than an hour.
      commandMsMax: this.#options.isFullSize ? 180 * 60_000 : 5 * 60_000,
      onOutput: this.#options.onOutput,
    });
    this.#terminals.push(terminal);
    return terminal;
  }

  #environment(): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
    return {
      ...Object.fromEntries(own),
      NO_COLOR: "1",
      CI: "true",
      PAGER: "cat",
      AWS_PAGER: "",
      npm_config_prefer_offline: "true",
      ...this.#loads(),
    };
  }

  #loads(): NodeJS.ProcessEnv {
    const { isFullSize, invocations, parallel } = this.#options;
    return {
      ...(isFullSize ? {} : shortLoads),
      ...(invocations === undefined ? {} : { HELPER_INVOCATIONS: String(invocations) }),
      ...(parallel === undefined ? {} : { HELPER_PARALLEL: String(parallel) }),
    };
  }

  async run(): Promise<BlockReport[]> {
    const reports: BlockReport[] = [];
    for (const block of readScript()) {
      const startedAt = performance.now();
      const skipped = await this.#take(block);
      if (skipped !== undefined) this.#last = undefined;
      const elapsedMs = performance.now() - startedAt;
      const printed = this.#last?.output ?? "";
      const report = { block, elapsedMs, printed, ...(skipped === undefined ? {} : { skipped }) };
      reports.push(report);
      this.#options.onBlock?.(report);
    }
    return reports;
  }

  /** @returns why the block was not run */
  async #take(block: Block): Promise<string | undefined> {
    switch (block.kind) {
      case "install":
        if (!this.#options.isFullSize) return "packages are installed at full size only";
        return await this.#runInShell(block);
      case "aws":
        if (!reachesLocalStack()) return "no AWS CLI, or one that would call AWS itself";
        return await this.#runInShell(block);
      case "aws-token":
        if (!reachesLocalStack() || !makesTokens() || !isInstalled("psql"))
          return "no psql, or an AWS CLI that cannot make tokens";
        return await this.#runInShell(block);
      case "with-psql":
        return isInstalled("psql") ? await this.#runInShell(block) : withoutPsql;
      case "shell":
      case "failing":
        return await this.#runInShell(block);
      case "stack":
        this.#last = await this.#openTerminal().start(block.text, /^Ctrl-C stops it/m);
        return undefined;
      case "psql":
        this.#session = await openSession(this.#openTerminal(), block.text);
        return isInstalled("psql") ? undefined : "psql is not installed: dsql sql runs the statements";
      case "second-psql":
        if (!isInstalled("psql")) return withoutPsql;
        this.#secondSession = await openSession(this.#openTerminal(), block.text);
        return undefined;
      case "sql":
        // Without psql each block is a session of its own: no transaction stays open for another to meet.
        if ((block.session === "second" || block.isFailing) && !isInstalled("psql")) return withoutPsql;
        await this.#runInSession(block);
        return undefined;
      case "edit":
      case "file":
        this.#change(block.file, block);
        return undefined;
      case "output":
        this.#compare(block);
        return undefined;
    }
  }

  async #runInShell(block: Block): Promise<undefined> {
    const result = await this.#shell.run(block.text);
    const hasFailed = result.code !== 0;
    if (hasFailed !== (block.kind === "failing")) {
      throw failure(block, `ended with ${result.code}`, result.output);
    }
    this.#roleArn = /LambdaRoleArn = (\S+)/.exec(result.output)?.[1] ?? this.#roleArn;
    this.#last = result;
  }

  async #runInSession(block: Extract<Block, { kind: "sql" }>): Promise<void> {
    const session = block.session === "first" ? this.#session : this.#secondSession;
    if (session === undefined) throw failure(block, "no session is open", "");
    // The text cannot know the name; the reader copies it from the outputs of the deployment.
    const statements = block.text.replace(/arn:aws:iam::\d+:role\/ReinventDat401Stack-[\w-]+/, this.#roleArn);
    const result = await session.run(statements);
    const hasFailed = result.code !== 0;
    if (hasFailed !== block.isFailing)
      throw failure(block, hasFailed ? "failed" : "did not fail", result.output);
    // dsql sql shows results in another layout.
    this.#last = isInstalled("psql") ? result : undefined;
  }

  #change(file: string, block: Block): void {
    const target = path.join(this.#folder, projectName, file);
    const isNew = block.kind === "file";
    writeFileSync(target, isNew ? `${block.text}\n` : applyEdit(readFileSync(target, "utf8"), block.text));
  }

  #compare(block: Block): void {
    if (this.#last === undefined) return;
    const missing = firstMissingLine(block.text, this.#last.output);
    if (missing !== undefined) throw failure(block, `expects "${missing}"`, this.#last.output);
  }

  /** Whatever happened: nothing of the talk stays behind. */
  async end(): Promise<void> {
    await this.#shell.run(`cd '${this.#folder}' && npx dsql stop || true`).catch(() => undefined);
    await Promise.all(this.#terminals.map((terminal) => terminal.close()));
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** Before 2.13, and 1.29 of the old line, the AWS CLI does not know AWS_ENDPOINT_URL: nobody's account may be called by a test. */
function reachesLocalStack(): boolean {
  const { stdout, stderr } = spawnSync("aws", ["--version"], { encoding: "utf8" });
  const [, major, minor] = /^aws-cli\/(\d+)\.(\d+)/m.exec(`${stdout}\n${stderr}`) ?? [];
  if (major === undefined) return false;
  return Number(minor) >= (major === "1" ? 29 : 13) || Number(major) > 2;
}

const withoutPsql = "psql is not installed: two sessions need it";

/** Version 2 of the AWS CLI does; signing needs no network. */
function makesTokens(): boolean {
  const args = [
    "dsql",
    "generate-db-connect-admin-auth-token",
    "--hostname",
    "example",
    "--region",
    "us-east-1",
  ];
  const env = { ...process.env, AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "of-nobody" };
  return spawnSync("aws", args, { stdio: "ignore", env }).status === 0;
}

function failure(block: Block, what: string, output: string): Error {
  return new Error(`README.md:${block.line}: ${what}\n\n${block.text}\n\nprinted\n\n${output}`);
}
