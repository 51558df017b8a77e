/** The options that choose which Aurora DSQL the cluster is: as of a date, with lower limits, with one scope of OC001. */
import type { ClusterOptions } from "@dsql-local/cluster";
import { type LimitName, limits, lowerableLimits, rules, rulesAsOf } from "@dsql-local/spec";
import { InvalidArgumentError, Option } from "commander";

export type ServiceOptions = Pick<ClusterOptions, "rules" | "limits" | "oc001">;

/** As `start` gets them from its command line. */
export interface ServiceFlags {
  readonly rules: string;
  readonly limit?: Readonly<Partial<Record<LimitName, number>>>;
  readonly oc001: "table" | "cluster";
}

export const serviceOptionsOf = ({ rules: asOf, limit, oc001 }: ServiceFlags): ServiceOptions => ({
  rules: asOf,
  limits: limit ?? {},
  oc001,
});

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

export function limitOption(): Option {
  return new Option("--limit <name=value>", "lower a limit, to meet it in a test; may be repeated").argParser(
    loweredLimit,
  );
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
  before: Partial<Record<LimitName, number>> = {},
): Partial<Record<LimitName, number>> {
  const [name = "", value = "", ...more] = text.split("=");
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

/** On the command line the word Max, with which most limits end, goes without saying. */
const flagOf = (name: LimitName): string => name.replace(/Max$/, "");

export const flagNames: readonly string[] = lowerableLimits.map(flagOf).sort();

const limitByFlag = (text: string): LimitName | undefined =>
  lowerableLimits.find((name) => name === text || flagOf(name) === text);
