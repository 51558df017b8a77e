/** The options that choose which Aurora DSQL the cluster is: as of a date, with lower limits, with one scope of OC001. */
import type { ClusterOptions } from "@dsql-local/cluster";
import { type LimitName, limits, lowerableLimits, rules, rulesAsOf } from "@dsql-local/spec";
import { InvalidArgumentError, Option } from "commander";

export type ServiceOptions = Pick<
  ClusterOptions,
  "rules" | "limits" | "oc001" | "explainConflicts" | "latency"
>;

/** As `start` gets them from its command line. */
export interface ServiceFlags {
  readonly rules: string;
  readonly limit?: Readonly<Partial<Record<LimitName | RaisableLimit, number>>>;
  readonly oc001: "table" | "cluster";
  readonly explainConflicts?: boolean;
}

export const serviceOptionsOf = ({
  rules: asOf,
  limit = {},
  oc001,
  explainConflicts,
}: ServiceFlags): ServiceOptions => {
  const { concurrentExecutions: _ofTheCloud, ...limits } = limit;
  return { rules: asOf, limits, oc001, explainConflicts };
};

/** Quotas of the account that AWS raises when it is asked to, and this stack by `--limit`, up to a bound of its own. */
const raisableLimits = {
  /** Of Lambda, in each Region; provisioned concurrency is a part of them. */
  concurrentExecutions: { unit: "executions", most: 100_000 },
} as const;

export type RaisableLimit = keyof typeof raisableLimits;

/** The bounds of Lambda, where `--limit` moves them. */
export function lambdaBoundsOf({ limit }: Pick<ServiceFlags, "limit">): { environmentsMax?: number } {
  const count = limit?.concurrentExecutions;
  return count === undefined ? {} : { environmentsMax: count };
}

export function rulesOption(): Option {
  return new Option("--rules <date>", "the service as of a month or day: 2025-11, 2026-01, 2026-06, latest")
    .argParser(ruleDate)
    .default("latest");
}

export function oc001Option(): Option {
  return new Option("--oc001 <scope>", "whom a catalog change disturbs: users of that table, or everyone")
    .choices(["table", "cluster"])
    .default("table");
}

export function explainConflictsOption(): Option {
  return new Option(
    "--explain-conflicts",
    "40001 has a DETAIL: the row, and who committed first; the service sends none",
  );
}

export function limitOption(): Option {
  return new Option(
    "--limit <name=value>",
    "lower a limit, to meet it in a test, or raise one that AWS raises on request; may be repeated",
  ).argParser(loweredLimit);
}

/** @throws {InvalidArgumentError} not `latest` and no date of the calendar */
export function ruleDate(text: string): string {
  try {
    rulesAsOf(rules, text);
  } catch {
    throw new InvalidArgumentError("It is a month (2025-11), a day (2026-06-08) or latest.");
  }
  if (text !== "latest" && !isCalendarDate(text))
    throw new InvalidArgumentError("There is no such day or month.");
  return text;
}

/** `2026-06` counts as its first day. */
function isCalendarDate(text: string): boolean {
  const day = text.length === "2026-06".length ? `${text}-01` : text;
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

/** One `--limit`, added to those before it. */
function loweredLimit(
  text: string,
  before: Partial<Record<LimitName | RaisableLimit, number>> = {},
): Partial<Record<LimitName | RaisableLimit, number>> {
  const [name = "", value = "", ...more] = text.split("=");
  if (isRaisable(name)) return { ...before, [name]: raised(name, more.length > 0 ? "" : value) };
  const limit = limitByFlag(name);
  if (limit === undefined) {
    throw new InvalidArgumentError(`There is no limit "${name}". There are: ${flagNames.join(", ")}.`);
  }
  const { unit, value: most } = limits[limit];
  const number = value === "" || more.length > 0 ? Number.NaN : Number(value);
  if (!(number > 0 && number <= most) || (unit !== "seconds" && !Number.isInteger(number))) {
    throw new InvalidArgumentError(
      `${name} takes a number of ${unit} above 0 and up to ${most}, the service's own: limits are lowered only.`,
    );
  }
  return { ...before, [limit]: number };
}

function raised(name: RaisableLimit, value: string): number {
  const { unit, most } = raisableLimits[name];
  const number = Number(value);
  if (value !== "" && Number.isInteger(number) && number > 0 && number <= most) return number;
  throw new InvalidArgumentError(`${name} takes a number of ${unit} from 1 to ${most}.`);
}

function isRaisable(name: string): name is RaisableLimit {
  return Object.hasOwn(raisableLimits, name);
}

/** On the command line the word Max, with which most limits end, goes without saying. */
const flagOf = (name: LimitName): string => name.replace(/Max$/, "");

export const flagNames: readonly string[] = [
  ...lowerableLimits.map(flagOf),
  ...Object.keys(raisableLimits),
].sort();

const limitByFlag = (text: string): LimitName | undefined =>
  lowerableLimits.find((name) => name === text || flagOf(name) === text);
