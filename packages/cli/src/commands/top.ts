import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Activity, Conflict } from "@dsql-local/cluster";
import { Command, InvalidArgumentError, Option } from "commander";
import { dataDirOption, resolveDataDir } from "../options.ts";
import { observationClient, runningStack } from "../stack/index.ts";
import { painter } from "../terminal.ts";
import { lineOf, type Look, screenOf, type Sort, sorts } from "../top/index.ts";

interface TopOptions {
  readonly dataDir: string;
  readonly interval: number;
  readonly count: number;
  readonly sort: Sort;
  readonly json: boolean;
}

export function topCommand(): Command {
  return new Command("top")
    .description(
      "Shows live what goes on: open transactions with their limits, commits and conflicts a second, rows that are\n" +
        "lost on most often, statements by how long they take. In a pipe it prints a line each interval.",
    )
    .addOption(dataDirOption())
    .addOption(new Option("--interval <seconds>", "between two looks").argParser(secondsOf).default(1))
    .addOption(
      new Option("--count <n>", "end after so many looks")
        .argParser(countOf)
        .default(Infinity, "until Ctrl-C"),
    )
    .addOption(new Option("--sort <by>", "statements by").choices(sorts).default("time"))
    .option("--json", "print one JSON object a look", false)
    .addHelpText(
      "after",
      `
Keys: q quits, p pauses, s sorts statements by the next of ${sorts.join(", ")}.

Statements and counts are gathered while somebody looks, and from then on.

Examples:
  $ npx dsql top
  $ npx dsql top --interval 5 | tee load.log
  $ npx dsql top --json --count 2 | jq '.statements[0]'
`,
    )
    .action(showTop);
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0.1 && seconds <= 3_600)) throw new InvalidArgumentError("It is 0.1 to 3600 seconds.");
  return seconds;
}

function countOf(text: string): number {
  const count = Number(text);
  if (!(Number.isInteger(count) && count > 0)) throw new InvalidArgumentError("It is a whole number from 1.");
  return count;
}

async function showTop(options: TopOptions): Promise<void> {
  const ask = observationClient(await runningStack(resolveDataDir(options.dataDir)));
  const isScreen = process.stdout.isTTY && !options.json;
  const keys = new Keys(options.sort);
  process.once("SIGINT", keys.quit).once("SIGTERM", keys.quit);
  if (isScreen) keys.listen();
  let look: Look | undefined;
  try {
    for (let number = 1; number <= options.count && !keys.isOver; number++) {
      if (!keys.isPaused || look === undefined) {
        const activity = (await ask("GET", "activity")) as Activity;
        const { conflicts } = (await ask("GET", "conflicts")) as { conflicts: readonly Conflict[] };
        look = { activity, before: look?.activity, conflicts };
      }
      if (options.json) console.log(JSON.stringify(look.activity));
      else if (isScreen) draw(look, keys);
      else console.log(lineOf(look));
      if (number < options.count) await keys.pause(options.interval * 1_000);
    }
  } finally {
    keys.close();
  }
}

function draw(look: Look, { sort, isPaused }: Keys): void {
  const { columns, rows } = process.stdout;
  const screen = screenOf(look, { columns, rows, sort, isPaused, paint: painter(process.stdout) });
  // From the top, each line to its end, and what is left below: no flicker, as there is with an empty screen in between.
  process.stdout.write(`\u001b[H${screen.replaceAll("\n", "\u001b[K\n")}\u001b[K\u001b[J`);
}

/** What has been pressed. */
class Keys {
  sort: Sort;
  isPaused = false;
  isOver = false;
  #wake = new AbortController();
  #isListening = false;

  constructor(sort: Sort) {
    this.sort = sort;
  }

  readonly quit = (): void => {
    this.isOver = true;
    this.#wake.abort();
  };

  listen(): void {
    this.#isListening = true;
    process.stdout.write("\u001b[?1049h\u001b[?25l"); // A screen of its own, without a cursor.
    if (process.stdin.isTTY)
      process.stdin.setRawMode(true).setEncoding("utf8").on("data", this.#pressed).resume();
  }

  close(): void {
    if (!this.#isListening) return;
    process.stdout.write("\u001b[?25h\u001b[?1049l");
    if (process.stdin.isTTY) process.stdin.off("data", this.#pressed).setRawMode(false).pause();
  }

  /** Until the time is over, or a key is pressed. */
  async pause(ms: number): Promise<void> {
    this.#wake = new AbortController();
    if (!this.isOver) await sleep(ms, undefined, { signal: this.#wake.signal }).catch(() => undefined);
  }

  readonly #pressed = (key: string): void => {
    if (key === "q" || key === "\u0003" || key === "\u001b") this.quit();
    else if (key === "p" || key === " ") this.isPaused = !this.isPaused;
    else if (key === "s") this.sort = sorts[(sorts.indexOf(this.sort) + 1) % sorts.length] ?? "time";
    else return;
    this.#wake.abort();
  };
}
