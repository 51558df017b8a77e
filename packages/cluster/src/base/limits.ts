/**
 * The service's limits as this cluster applies them: the facts of `spec`, some of them lowered for tests.
 *
 * Tests: limits.test.ts.
 */
import { type LimitName, limits, lowerableLimits } from "@dsql-local/spec";

/** Every limit with its value in force, in the unit that `spec` states. */
export type LimitValues = Readonly<Record<LimitName, number>>;

export const serviceLimits: LimitValues = Object.fromEntries(
  Object.entries(limits).map(([name, { value }]) => [name, value]),
) as Record<LimitName, number>;

/**
 * @param lowered - by name; a limit that counts seconds may have a fraction
 * @throws {RangeError} a name is unknown, or a value is not a positive number up to the service's
 */
export function lowerLimits(lowered: Partial<LimitValues> = {}): LimitValues {
  const result: Record<LimitName, number> = { ...serviceLimits };
  for (const [name, value] of Object.entries(lowered)) result[lowerable(name)] = checked(name, value);
  return result;
}

function checked(name: string, value: number): number {
  const { value: most, unit } = limits[lowerable(name)];
  const isFit = unit === "seconds" ? Number.isFinite(value) : Number.isInteger(value);
  if (isFit && value > 0 && value <= most) return value;
  const kind = unit === "seconds" ? "a number" : "a whole number";
  throw new RangeError(`limit "${name}" is ${kind} of ${unit} above 0 and up to ${most}, not ${value}`);
}

function lowerable(name: string): LimitName {
  if (isLowerable(name)) return name;
  const known = lowerableLimits.toSorted().join(", ");
  throw new RangeError(`there is no limit "${name}" to lower; there are ${known}`);
}

function isLowerable(name: string): name is LimitName {
  return lowerableLimits.includes(name as LimitName);
}
