/**
 * `helper`: the talk's test and load tool. Invokes the tutorial's function as each chapter needs it and says whether it
 * does what the chapter promises.
 *
 * Exit codes: 0 passed, 1 failed, 2 wrong usage, 130 interrupted.
 */
import { randomInt } from "node:crypto";
import process from "node:process";
import { Command, Option } from "commander";
import { chapter4Defaults, chapter6Defaults } from "@dsql-local/load";
import { interruptible } from "./interruptible.ts";
import { exitCodes, Failure, remedyOf, report, textOf } from "./failure.ts";
import {
  type Flags,
  type HelperOptions,
  type Outcome,
  type SustainedFlags,
  callRate,
  chapterNumber,
  findTarget,
  positive,
  setUpAccounts,
  sharedOptions,
  sustainLoad,
  sustainedDefaults,
  testGreeting,
  testHistory,
  testStress,
  testTransfer,
} from "./helper/index.ts";
import { endWithReader } from "./terminal.ts";

type Run = (options: HelperOptions) => Promise<Outcome>;

const chapters: readonly Run[] = [
  (options) => testGreeting(0, options),
  (options) => testGreeting(1, options),
  (options) => testGreeting(2, options),
  testTransfer,
  (options) => testStress(chapter4Defaults, options),
  testHistory,
  (options) => testStress(chapter6Defaults, options),
];

export function helperProgram(): Command {
  const program = new Command("helper")
    .description("Tests the chapters of the tutorial: invokes the deployed function and checks what it did.")
    .option("--test-chapter <number>", "the chapter to test, 0 to 6", chapterNumber)
    .option("--setup-ch06", "create the million accounts of chapter 6")
    .addOption(
      new Option("--setup-ch04", "the same, in the numbering of the talk's short version").conflicts(
        "setupCh06",
      ),
    );
  for (const option of sharedOptions()) program.addOption(option);
  program
    .showHelpAfterError("(helper --help shows what it takes)")
    .showSuggestionAfterError()
    .allowExcessArguments()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", examples)
    .action(async (flags: Flags, command: Command) => {
      refuseUnknown(command);
      if (flags.setupCh06 === true) return await setUp(6, flags);
      if (flags.setupCh04 === true) return await setUp(4, flags);
      if (flags.testChapter === undefined) command.help({ error: true });
      await test(flags.testChapter, flags);
    });
  addCommands(program);
  for (const command of [program, ...program.commands]) command.exitOverride();
  return program;
}

function addCommands(program: Command): void {
  program
    .command("test-chapter")
    .description("the same as --test-chapter")
    .argument("[chapter]", "0 to 6", chapterNumber)
    .option("-c, --chapter <number>", "the chapter, 0 to 6", chapterNumber)
    .action(async (argument: number | undefined, _flags: object, command: Command) => {
      const flags = command.optsWithGlobals<Flags & { chapter?: number }>();
      const chapter = argument ?? flags.chapter ?? flags.testChapter;
      if (chapter === undefined) command.help({ error: true });
      await test(chapter, flags);
    });
  for (const chapter of [6, 4] as const) {
    program
      .command(`setup-ch0${chapter}`)
      .description(`the same as --setup-ch0${chapter}`)
      .action(async (_flags: object, command: Command) => {
        await setUp(chapter, command.optsWithGlobals());
      });
  }
  const { rate, intervalSeconds, parallel } = sustainedDefaults;
  program
    .command("sustained-load")
    .description(`transfers at a target rate, at most --parallel (default: ${parallel}) at a time`)
    .option("--rate <number>", "calls that become due a second", callRate, rate)
    .option("--duration <seconds>", "how long (default: until Ctrl-C)", positive)
    .option("--interval <seconds>", "between two lines of percentiles", positive, intervalSeconds)
    .action(async (_flags: object, command: Command) => {
      refuseFlags(command, ["threads", "invocations", "workers"]);
      const flags = command.optsWithGlobals<Flags & { rate: number; duration?: number; interval: number }>();
      await sustain(flags, {
        rate: flags.rate,
        durationSeconds: flags.duration,
        intervalSeconds: flags.interval,
        onInterval: (interval) => {
          if (flags.json === true) printJson({ event: "interval", ...interval });
        },
      });
    });
}

/** A word that is no command, with the command that it may have been meant to be. */
function refuseUnknown(program: Command): void {
  const [word] = program.args;
  if (word === undefined) return;
  const names = program.commands.map((command) => command.name());
  const near = names.find((name) => lettersApart(name, word) <= 2);
  throw new Failure(`there is no command ${word}`, {
    remedy: near === undefined ? `There are: ${names.join(", ")}.` : `Did you mean ${near}?`,
    exitCode: exitCodes.usage,
  });
}

/** How many letters have to be put in, taken out or replaced to make one word of the other (Levenshtein). */
function lettersApart(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...left].entries()) {
    const above = row;
    row = [index + 1];
    for (let at = 1; at <= right.length; at++) {
      const replaced = (above[at - 1] ?? 0) + (letter === right[at - 1] ? 0 : 1);
      row.push(Math.min(replaced, (above[at] ?? 0) + 1, (row[at - 1] ?? 0) + 1));
    }
  }
  return row.at(-1) ?? 0;
}

/** A flag that does nothing would let its user believe that it does. */
function refuseFlags(command: Command, names: readonly (keyof Flags)[]): void {
  const given = names.find((name) => command.getOptionValueSourceWithGlobals(name) === "cli");
  if (given === undefined) return;
  throw new Failure(`--${given} is not for ${command.name()}`, {
    remedy: "It makes its calls in one thread: --rate says how many a second, --duration for how long.",
    exitCode: exitCodes.usage,
  });
}

const examples = `
The helper finds AWS, or the local stack, through its environment:
  $ eval "$(npx dsql env)"                          # the local stack
  $ npx helper --test-chapter 5                     # one transfer, and its row in the history
  $ npx helper --test-chapter 4                     # 10,000 transfers, 1,000 at a time
  $ npx helper --test-chapter 4 --seed 4711         # the same transfers again
  $ npx helper --setup-ch06                         # 1,000,000 accounts
  $ npx helper --test-chapter 6                     # 1,000,000 transfers, 10,000 at a time
  $ npx helper test-chapter 6 --invocations 20000   # fewer
  $ npx helper sustained-load --rate 500            # 500 transfers a second until Ctrl-C

On AWS, with the same credentials as the AWS CLI (a profile, single sign-on, a role):
  $ export AWS_REGION=us-east-1 CLUSTER_ENDPOINT=<output of cdk deploy>
  $ npx helper --test-chapter 4
  $ npx helper sustained-load --rate 500 --qualifier live   # an alias, with its provisioned concurrency

Stress tests add up all balances before and after, and compare the history with the calls that succeeded.
Ctrl-C ends them early and still prints the statistics. The latencies of sustained-load count from the moment a call
was due, so that a service that stands still for a while cannot hide it.

Exit codes: 0 the test passed, 1 it failed, 2 wrong usage, 130 interrupted.
`;

async function test(chapter: number, flags: Flags): Promise<void> {
  const run = chapters[chapter];
  if (run === undefined) throw new RangeError(`no chapter ${chapter}`);
  await finish(flags, run, (outcome) => ({ chapter, passed: outcome.isPassed }));
}

async function setUp(chapter: 4 | 6, flags: Flags): Promise<void> {
  const run: Run = (options) => setUpAccounts(chapter, options);
  await finish(flags, run, (outcome) => ({ passed: outcome.isPassed }));
}

async function sustain(flags: Flags, sustained: SustainedFlags): Promise<void> {
  const run: Run = (options) => sustainLoad(options, sustained);
  await finish(flags, run, (outcome) => ({ event: "summary", passed: outcome.isPassed }));
}

// What is under way is awaited, for as long as a function may take: silence would look like a program that hangs.
const ending = "\nEnding: waiting for what is under way. Ctrl-C again ends at once.\n";

/** @param heading - what the JSON begins with */
async function finish(flags: Flags, run: Run, heading: (outcome: Outcome) => object): Promise<void> {
  const interruption = interruptible();
  interruption.signal.addEventListener("abort", () => process.stderr.write(ending));
  try {
    const outcome = await run({
      ...flags,
      functionName: flags.function,
      target: await findTarget(process.env, flags.region),
      environment: process.env,
      seed: flags.seed ?? randomInt(2 ** 31),
      screen: flags.json === true ? { write: () => true } : process.stdout,
      signal: interruption.signal,
    });
    if (flags.json === true) printJson({ ...heading(outcome), ...outcome.facts });
    process.exitCode = interruption.signal.aborted ? 130 : outcome.isPassed ? 0 : exitCodes.failed;
  } catch (error) {
    if (flags.json === true) {
      const facts = { reason: textOf(error), remedy: remedyOf(error) };
      printJson({ ...heading({ isPassed: false, facts }), ...facts });
    }
    throw error;
  } finally {
    interruption.end();
  }
}

function printJson(result: object): void {
  const plain = (_name: string, value: unknown): unknown =>
    typeof value === "bigint" ? Number(value) : value;
  process.stdout.write(`${JSON.stringify(result, plain)}\n`);
}

export async function main(argv: readonly string[] = process.argv): Promise<void> {
  endWithReader();
  try {
    await helperProgram().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  }
}
