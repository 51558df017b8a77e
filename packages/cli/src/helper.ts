/**
 * `helper`: the talk's test and load tool. Invokes the tutorial's function as each chapter needs it and says whether it
 * does what the chapter promises.
 *
 * Exit codes: 0 passed, 1 failed, 2 wrong usage, 130 interrupted.
 */
import { randomInt } from "node:crypto";
import process from "node:process";
import { Command, InvalidArgumentError } from "commander";
import { chapter4Defaults, functionNameDefault, targetFromEnvironment } from "@dsql-local/load";
import { Failure, exitCodes, report } from "./failure.ts";
import { testGreeting } from "./helper/greeting.ts";
import type { HelperOptions, Outcome } from "./helper/options.ts";
import { testStress } from "./helper/stress.ts";
import { testHistory, testTransfer } from "./helper/transfer.ts";
import { nonEmpty, regionName } from "./options.ts";

interface Flags {
  readonly testChapter?: number;
  readonly function: string;
  readonly region?: string;
  readonly seed?: number;
  readonly invocations?: number;
  readonly parallel?: number;
  readonly accounts?: number;
  readonly json?: boolean;
}

const chapters: Readonly<Record<number, (options: HelperOptions) => Promise<Outcome>>> = {
  0: (options) => testGreeting(0, options),
  1: (options) => testGreeting(1, options),
  2: (options) => testGreeting(2, options),
  3: testTransfer,
  4: testStress,
  5: testHistory,
};

export function helperProgram(): Command {
  const { invocations, parallel, accounts } = chapter4Defaults;
  const program = new Command("helper")
    .description("Tests the chapters of the tutorial: invokes the deployed function and checks what it did.")
    .option("--test-chapter <number>", "the chapter to test, 0 to 5", chapterNumber)
    .option("--function <name>", "the Lambda function", nonEmpty, functionNameDefault)
    .option("--region <region>", "the AWS Region (default: AWS_REGION)", regionName)
    .option(
      "--seed <number>",
      "of the random accounts in chapter 4: the same seed, the same transfers",
      wholeNumber,
    )
    .option("--invocations <number>", `chapter 4: calls in all (default: ${invocations})`, positive)
    .option("--parallel <number>", `chapter 4: calls at a time (default: ${parallel})`, parallelism)
    .option(
      "--accounts <number>",
      `chapter 4: accounts have the ids 1 to this (default: ${accounts})`,
      positive,
    )
    .option("--json", "print the result as one line of JSON and nothing else")
    .showHelpAfterError("(helper --help shows what it takes)")
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", examples)
    .action(async (flags: Flags, command: Command) => {
      if (flags.testChapter === undefined) command.help({ error: true });
      await test(flags.testChapter, flags);
    });
  program
    .command("test-chapter")
    .description("the same as --test-chapter")
    .argument("[chapter]", "0 to 5", chapterNumber)
    .option("-c, --chapter <number>", "the chapter, 0 to 5", chapterNumber)
    .action(async (argument: number | undefined, _flags: object, command: Command) => {
      const flags = command.optsWithGlobals<Flags & { chapter?: number }>();
      const chapter = argument ?? flags.chapter ?? flags.testChapter;
      if (chapter === undefined) command.help({ error: true });
      await test(chapter, flags);
    });
  for (const command of [program, ...program.commands]) command.exitOverride();
  return program;
}

const examples = `
The helper finds AWS, or the local stack, through its environment:
  $ eval "$(npx dsql env)"                          # the local stack
  $ npx helper --test-chapter 5                     # one transfer, and its row in the history
  $ npx helper --test-chapter 4                     # 10,000 transfers, 1,000 at a time
  $ npx helper --test-chapter 4 --seed 4711         # the same transfers again
  $ npx helper test-chapter 4 --invocations 500 --parallel 50

On AWS set AWS_REGION, the keys of an identity that may invoke the function, and CLUSTER_ENDPOINT:
  $ eval "$(aws configure export-credentials --format env)"

Chapter 4 adds up all balances before and after, and compares the history with the calls that succeeded.
Ctrl-C ends it early and still prints the statistics.

Exit codes: 0 the test passed, 1 it failed, 2 wrong usage, 130 interrupted.
`;

async function test(chapter: number, flags: Flags): Promise<void> {
  const interruption = interruptible();
  try {
    const run = chapters[chapter];
    if (run === undefined) throw notHere(chapter);
    const outcome = await run({
      ...flags,
      functionName: flags.function,
      target: targetFromEnvironment(process.env, { region: flags.region }),
      environment: process.env,
      seed: flags.seed ?? randomInt(2 ** 31),
      screen: flags.json === true ? { write: () => true } : process.stdout,
      signal: interruption.signal,
    });
    if (flags.json === true) printJson({ chapter, passed: outcome.isPassed, ...outcome.facts });
    process.exitCode = interruption.signal.aborted ? 130 : outcome.isPassed ? 0 : exitCodes.failed;
  } finally {
    interruption.end();
  }
}

function notHere(chapter: number): Failure {
  return new Failure(`chapter ${chapter} is not part of this version`, {
    remedy: "Chapters 0 to 5 are. Chapter 6 needs a million accounts and its own load profile.",
    exitCode: exitCodes.usage,
  });
}

/** The first Ctrl-C ends the run in order, the second at once. */
function interruptible(): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const onInterrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on("SIGINT", onInterrupt);
  return { signal: controller.signal, end: () => process.off("SIGINT", onInterrupt) };
}

function printJson(result: object): void {
  const plain = (_name: string, value: unknown): unknown =>
    typeof value === "bigint" ? Number(value) : value;
  process.stdout.write(`${JSON.stringify(result, plain)}\n`);
}

function chapterNumber(text: string): number {
  if (!/^[0-6]$/.test(text)) throw new InvalidArgumentError("A chapter is a number from 0 to 6.");
  return Number(text);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

function positive(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError("It must be greater than 0.");
  return number;
}

// Each call under way holds a connection. The talk's largest run has this many.
const parallelMax = 10_000;

function parallelism(text: string): number {
  const number = positive(text);
  if (number > parallelMax) throw new InvalidArgumentError(`At most ${parallelMax} calls run at a time.`);
  return number;
}

export async function main(argv: readonly string[] = process.argv): Promise<void> {
  // A reader such as `head` may leave early; that is no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  try {
    await helperProgram().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  }
}
