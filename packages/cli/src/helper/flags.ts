/** What the helper's commands take on the command line, and how it is read. */
import { InvalidArgumentError, Option } from "commander";
import {
  chapter4Defaults,
  chapter6Defaults,
  functionNameDefault,
  loadThreadsDefault,
  loadThreadsMax,
} from "@dsql-local/load";
import { nonEmpty, regionName } from "../options.ts";
import { setupDefaults } from "./setup.ts";

export interface Flags {
  readonly testChapter?: number;
  readonly setupCh06?: boolean;
  readonly setupCh04?: boolean;
  readonly function: string;
  readonly qualifier?: string;
  readonly region?: string;
  readonly seed?: number;
  readonly invocations?: number;
  readonly parallel?: number;
  readonly accounts?: number;
  readonly workers?: number;
  readonly threads?: number;
  readonly json?: boolean;
}

/** Flags that several commands share. They stand before or after a command's name. */
export function sharedOptions(): Option[] {
  const of = (name: "invocations" | "parallel" | "accounts"): string =>
    `${chapter4Defaults[name].toLocaleString("en-US")}, in chapter 6 ${chapter6Defaults[name].toLocaleString("en-US")}`;
  return [
    new Option("--function <name>", "the Lambda function").default(functionNameDefault).argParser(nonEmpty),
    new Option(
      "--qualifier <name>",
      "an alias of the function, such as one with provisioned concurrency, or a version (default: $LATEST)",
    ).argParser(nonEmpty),
    new Option("--region <region>", "the AWS Region (default: AWS_REGION)").argParser(regionName),
    new Option("--seed <number>", "of the random accounts: the same seed, the same transfers").argParser(
      wholeNumber,
    ),
    new Option("--invocations <number>", `calls in all (default: ${of("invocations")})`)
      .env("HELPER_INVOCATIONS")
      .argParser(positive),
    new Option("--parallel <number>", `calls at a time (default: ${of("parallel")})`)
      .env("HELPER_PARALLEL")
      .argParser(parallelism),
    new Option(
      "--accounts <number>",
      `accounts have the ids 1 to this (default: ${of("accounts")})`,
    ).argParser(positive),
    new Option(
      "--workers <number>",
      `of the setup: connections that insert at a time (default: ${setupDefaults.workers})`,
    ).argParser(workerNumber),
    new Option(
      "--threads <number>",
      "of the stress tests: worker threads that make the calls " +
        `(default: in chapter 6 one for each 4 CPUs, here ${loadThreadsDefault()}; in chapter 4 none)`,
    ).argParser(threadNumber),
    new Option("--json", "print the result as JSON and nothing else"),
  ];
}

export function chapterNumber(text: string): number {
  if (!/^[0-6]$/.test(text)) throw new InvalidArgumentError("A chapter is a number from 0 to 6.");
  return Number(text);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

export function positive(text: string): number {
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

// A new cluster accepts 100 new connections a second, with a burst of 1,000.
const workersMax = 1_000;

function workerNumber(text: string): number {
  const number = positive(text);
  if (number > workersMax) throw new InvalidArgumentError(`At most ${workersMax} workers insert at a time.`);
  return number;
}

function threadNumber(text: string): number {
  const number = positive(text);
  if (number > loadThreadsMax)
    throw new InvalidArgumentError(`At most ${loadThreadsMax} threads make calls.`);
  return number;
}

// More than one process can make: what exceeds it would measure this machine, not the service.
const rateMax = 50_000;

export function callRate(text: string): number {
  const number = positive(text);
  if (number > rateMax) throw new InvalidArgumentError(`At most ${rateMax} calls a second.`);
  return number;
}
