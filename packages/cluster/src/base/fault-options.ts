/** What can be said of a fault, and the refusal of what cannot: the same for the library, the command line and HTTP. */

/**
 *   conflict           COMMIT fails with 40001 (OC000); the work is rolled back
 *   schema-conflict    COMMIT fails with 40001 (OC001); the work is rolled back
 *   lose-connection    the socket closes, `at` before-commit, after-commit (the outcome is unknown) or mid-result
 *   refuse-connection  a new connection is refused, `at` access-denied, rate-exceeded or waking-up
 *   unavailable        a statement fails with XX000
 *   slow               `delayMs` pass, `at` connect, statement or commit
 *   slow-index-build   an index build waits `delayMs`, or until the fault is ended
 *   fail-index-build   an index build fails
 */
export type FaultKind = keyof typeof kinds;

/** A fault, as the library takes it and as JSON. */
export interface FaultOptions {
  readonly kind: FaultKind;
  /** Which of the kind; see `FaultKind`. */
  readonly at?: string;
  /** Of `slow` and `slow-index-build`, in milliseconds. */
  readonly delayMs?: number;
  /** Only for this role. */
  readonly role?: string;
  /** Only for sessions that have named themselves so. */
  readonly applicationName?: string;
  /** Only where this table is concerned. */
  readonly table?: string;
  /** Every so many calls that match; each one unless given. */
  readonly every?: number;
  /** 0 to 1, instead of `every`. */
  readonly probability?: number;
  /** Of `probability`: the same seed hits the same calls. */
  readonly seed?: number;
  /** The fault ends after so many. */
  readonly times?: number;
  /** The fault ends after so many milliseconds. */
  readonly forMs?: number;
}

interface KindFacts {
  /** Values of `at`; the first is meant where none is given. */
  readonly at?: readonly string[];
  readonly takesTable: boolean;
  readonly delay?: "needed" | "optional";
}

const kinds = {
  conflict: { takesTable: true },
  "schema-conflict": { takesTable: true },
  "lose-connection": { at: ["before-commit", "after-commit", "mid-result"], takesTable: true },
  "refuse-connection": { at: ["access-denied", "rate-exceeded", "waking-up"], takesTable: false },
  unavailable: { takesTable: true },
  slow: { at: ["statement", "commit", "connect"], takesTable: true, delay: "needed" },
  "slow-index-build": { takesTable: true, delay: "optional" },
  "fail-index-build": { takesTable: true },
} as const satisfies Record<string, KindFacts>;

/** All kinds, for help and completion. */
export const faultKinds = Object.keys(kinds) as readonly FaultKind[];

const delayMsMax = 3_600_000;
const forMsMax = 86_400_000;

const numbers = {
  every: { min: 1, max: 1_000_000, isWhole: true },
  probability: { min: 0, max: 1, isWhole: false },
  seed: { min: 0, max: 4_294_967_295, isWhole: true },
  times: { min: 1, max: 1_000_000_000, isWhole: true },
  forMs: { min: 1, max: forMsMax, isWhole: false },
  delayMs: { min: 0, max: delayMsMax, isWhole: false },
} as const;

const texts = ["at", "role", "applicationName", "table"] as const;

/**
 * @param given - from outside: nothing of it is believed
 * @throws {RangeError} what is wrong with it, and what to write instead
 */
export function readFault(given: unknown): FaultOptions {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new RangeError(`a fault is an object such as {"kind":"conflict"}`);
  const fault = given as Record<string, unknown>;
  const { kind } = fault;
  if (typeof kind !== "string" || !isKind(kind))
    throw new RangeError(`there is no fault ${JSON.stringify(kind)}; there are: ${faultKinds.join(", ")}`);
  for (const [name, value] of Object.entries(fault)) if (value !== undefined) checkOption(name, value);
  const facts: KindFacts = kinds[kind];
  checkCombination(kind, facts, fault);
  const at = fault["at"] ?? facts.at?.[0];
  return { ...fault, kind, ...(at !== undefined && { at: at as string }) };
}

function isKind(kind: string): kind is FaultKind {
  return Object.hasOwn(kinds, kind);
}

function checkOption(name: string, value: unknown): void {
  if (name === "kind") return;
  if ((texts as readonly string[]).includes(name)) {
    if (typeof value !== "string" || value === "")
      throw new RangeError(`${name} is a name, not ${JSON.stringify(value)}`);
    return;
  }
  if (!Object.hasOwn(numbers, name)) {
    const known = [...texts, ...Object.keys(numbers)].join(", ");
    throw new RangeError(`a fault has no ${JSON.stringify(name)}; beside kind it has: ${known}`);
  }
  const { min, max, isWhole } = numbers[name as keyof typeof numbers];
  const isFit =
    typeof value === "number" && value >= min && value <= max && (!isWhole || Number.isInteger(value));
  if (!isFit)
    throw new RangeError(
      `${name} is a ${isWhole ? "whole " : ""}number from ${min} to ${max}, not ${JSON.stringify(value)}`,
    );
}

function checkCombination(kind: FaultKind, facts: KindFacts, fault: Partial<FaultOptions>): void {
  const { at, table, delayMs, every, probability, seed } = fault;
  if (at !== undefined && facts.at?.includes(at) !== true)
    throw new RangeError(
      facts.at === undefined
        ? `${kind} has no "at"`
        : `${kind} is at ${facts.at.join(", ")}, not ${JSON.stringify(at)}`,
    );
  // A filter that can match nothing would make a test pass that has tested nothing.
  if (table !== undefined && (!facts.takesTable || at === "connect"))
    throw new RangeError(
      `${kind} cannot be for a table: a connection has none. Filter by role or applicationName`,
    );
  if (delayMs !== undefined && facts.delay === undefined) throw new RangeError(`${kind} has no delayMs`);
  if (delayMs === undefined && facts.delay === "needed") throw new RangeError(`${kind} needs delayMs`);
  if (every !== undefined && probability !== undefined)
    throw new RangeError("a fault has every or probability, not both");
  if (probability === 0) throw new RangeError("a fault with probability 0 would never happen");
  if (seed !== undefined && probability === undefined) throw new RangeError("seed goes with probability");
}
