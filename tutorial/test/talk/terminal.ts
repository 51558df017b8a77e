/**
 * A terminal: a shell that stays open, so that what one command changes (folder, variables) holds for the next.
 *
 * Once psql has been started in it, what is typed goes to psql.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";

export interface TerminalOptions {
  /** Where the shell starts. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Where commands are written to before they are run. */
  readonly scratchFolder: string;
  /** One command that takes longer is an error. */
  readonly commandMsMax: number;
  /** Hears everything that is printed, as it is printed. */
  readonly onOutput?: ((text: string) => void) | undefined;
}

export interface CommandResult {
  /** What was written to stdout and stderr, in the order written. */
  readonly output: string;
  /** The exit code of the last command that failed; 0 where none did. */
  readonly code: number;
}

/** What has been printed and not been asked for is kept up to this, for error messages. */
const outputCharactersMax = 4 * 1024 * 1024;

export class Terminal {
  readonly #options: TerminalOptions;
  readonly #shell: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown>;
  #printed = "";
  #commands = 0;
  #look: () => void = () => undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#shell = spawn("bash", ["--noprofile", "--norc"], {
      cwd: options.folder,
      env: options.environment,
      stdio: "pipe",
    });
    this.#ended = once(this.#shell, "close").then(() => this.#look());
    // A shell that has ended takes no more input; the command that ended it is what is reported.
    this.#shell.stdin.on("error", () => undefined);
    this.#shell.stdout.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    this.#shell.stdin.write("exec 2>&1\n");
  }

  #hear(text: string): void {
    this.#options.onOutput?.(text.replace(/^--end-\d+--.*\n/gm, ""));
    this.#printed = (this.#printed + text).slice(-outputCharactersMax);
    this.#look();
  }

  /** Runs the lines as a reader would type them. */
  async run(commands: string): Promise<CommandResult> {
    // From a file, with nothing to read: a command that reads its input would swallow the commands after it.
    const file = path.join(this.#options.scratchFolder, "commands.sh");
    writeFileSync(file, `${commands}\n`);
    const mark = this.#nextMark();
    return await this.#type(
      `failed=0; trap 'failed=$?' ERR; . '${file}' </dev/null; trap - ERR; printf '\\n${mark} %s\\n' "$failed"\n`,
      mark,
    );
  }

  /** Starts a program that stays, and waits until it has printed what says that it is ready. */
  async start(command: string, ready: RegExp): Promise<CommandResult> {
    this.#shell.stdin.write(`${command} </dev/null\n`);
    await this.#waitFor(ready);
    return { output: this.#printed, code: 0 };
  }

  /** Starts psql in this terminal. From now on statements are typed here. */
  async openPsql(command: string): Promise<CommandResult> {
    this.#shell.stdin.write(`${command}\n`);
    return await this.typeIntoPsql("");
  }

  /** @returns its output; the code is 0, since an error is a text in psql */
  async typeIntoPsql(statements: string): Promise<CommandResult> {
    const mark = this.#nextMark();
    return await this.#type(`${statements}\n\\echo '\\n${mark}' 0\n`, mark);
  }

  #nextMark(): string {
    this.#commands++;
    return `--end-${this.#commands}--`;
  }

  async #type(text: string, mark: string): Promise<CommandResult> {
    const end = new RegExp(`\\n${mark} (\\d+)\\n`);
    this.#shell.stdin.write(text);
    const found = await this.#waitFor(end);
    const output = this.#printed.slice(0, found.index);
    this.#printed = this.#printed.slice(found.index + found[0].length);
    return { output: output.trim(), code: Number(found[1]) };
  }

  async #waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return await new Promise((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${why}. It printed:\n${this.#printed}`));
      const timer = setTimeout(
        () => fail(`the command did not end within ${this.#options.commandMsMax} ms`),
        this.#options.commandMsMax,
      );
      this.#look = () => {
        const found = pattern.exec(this.#printed);
        const hasEnded = this.#shell.exitCode !== null;
        if (!found && !hasEnded) return;
        clearTimeout(timer);
        this.#look = () => undefined;
        if (found) resolve(found);
        else fail("the shell has ended");
      };
      this.#look();
    });
  }

  async close(): Promise<void> {
    this.#shell.stdin.end();
    const timer = setTimeout(() => this.#shell.kill("SIGKILL"), 5_000);
    await this.#ended;
    clearTimeout(timer);
  }
}
