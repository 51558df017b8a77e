/**
 * The Condition block of IAM policies: operators over the values that come with a request.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 * Tests: condition.test.ts.
 */
import { BlockList, isIP } from "node:net";

import { type Lookup, matchesArn, matchesPattern, substituteVariables } from "./pattern.ts";

/** Values of condition keys; keys in lower case, since IAM compares them without case. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>;

export interface Condition {
  readonly operator: Operator;
  readonly ifExists: boolean;
  readonly quantifier: "ForAllValues" | "ForAnyValue" | undefined;
  /** In lower case. */
  readonly key: string;
  readonly values: readonly string[];
}

interface Operator {
  /** Whether one value of the request meets one value of the policy. Negated operators state the opposite relation. */
  readonly holds: (actual: string, expected: string, lookup: Lookup | undefined) => boolean;
  readonly isNegated: boolean;
}

const nullOperator: Operator = { holds: () => false, isNegated: false };

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...withNegation(
    "StringEquals",
    "StringNotEquals",
    literally((actual, expected) => actual === expected),
  ),
  ...withNegation(
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    literally((actual, expected) => actual.toLowerCase() === expected.toLowerCase()),
  ),
  ...withNegation("StringLike", "StringNotLike", (actual, expected, lookup) =>
    matchesPattern(expected, actual, lookup),
  ),
  ...withNegation("ArnEquals", "ArnNotEquals", (actual, expected, lookup) =>
    matchesArn(expected, actual, lookup),
  ),
  ...withNegation("ArnLike", "ArnNotLike", (actual, expected, lookup) =>
    matchesArn(expected, actual, lookup),
  ),
  ...withNegation("IpAddress", "NotIpAddress", isInAddressRange),
  ...withNegation(
    "NumericEquals",
    "NumericNotEquals",
    numerically((actual, expected) => actual === expected),
  ),
  ...alone(
    "NumericLessThan",
    numerically((actual, expected) => actual < expected),
  ),
  ...alone(
    "NumericLessThanEquals",
    numerically((actual, expected) => actual <= expected),
  ),
  ...alone(
    "NumericGreaterThan",
    numerically((actual, expected) => actual > expected),
  ),
  ...alone(
    "NumericGreaterThanEquals",
    numerically((actual, expected) => actual >= expected),
  ),
  ...withNegation(
    "DateEquals",
    "DateNotEquals",
    inTime((actual, expected) => actual === expected),
  ),
  ...alone(
    "DateLessThan",
    inTime((actual, expected) => actual < expected),
  ),
  ...alone(
    "DateLessThanEquals",
    inTime((actual, expected) => actual <= expected),
  ),
  ...alone(
    "DateGreaterThan",
    inTime((actual, expected) => actual > expected),
  ),
  ...alone(
    "DateGreaterThanEquals",
    inTime((actual, expected) => actual >= expected),
  ),
  ...alone("Bool", (actual, expected) => actual.toLowerCase() === expected.toLowerCase()),
  ...alone("BinaryEquals", (actual, expected) => actual === expected),
  ["Null", nullOperator],
]);

/**
 * @param name - `StringLike`, `ForAnyValue:StringEqualsIfExists` and so on
 * @returns undefined where IAM knows no such operator
 */
export function parseCondition(name: string, key: string, values: readonly string[]): Condition | undefined {
  const parts = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(name);
  const operator = operators.get(parts?.[2] ?? "");
  if (parts === null || operator === undefined) return undefined;
  const ifExists = parts[3] !== undefined;
  if (operator === nullOperator && ifExists) return undefined;
  return {
    operator,
    ifExists,
    quantifier: parts[1] as Condition["quantifier"],
    key: key.toLowerCase(),
    values,
  };
}

/** @param lookup - resolves policy variables; undefined in policies of a version that has none */
export function meetsCondition(
  condition: Condition,
  context: ConditionContext,
  lookup: Lookup | undefined,
): boolean {
  const actual = context.get(condition.key);
  const { operator, quantifier } = condition;
  if (operator === nullOperator) {
    return condition.values.some((value) => (value.toLowerCase() === "true") === (actual === undefined));
  }
  if (actual === undefined) {
    if (condition.ifExists || quantifier === "ForAllValues") return true;
    return quantifier === undefined && operator.isNegated;
  }
  const meets = (value: string): boolean =>
    condition.values.some((expected) => operator.holds(value, expected, lookup)) !== operator.isNegated;
  return quantifier === "ForAnyValue" ? actual.some(meets) : actual.every(meets);
}

function alone(name: string, holds: Operator["holds"]): readonly (readonly [string, Operator])[] {
  return [[name, { holds, isNegated: false }]];
}

function withNegation(
  name: string,
  negation: string,
  holds: Operator["holds"],
): readonly (readonly [string, Operator])[] {
  return [
    [name, { holds, isNegated: false }],
    [negation, { holds, isNegated: true }],
  ];
}

function literally(compare: (actual: string, expected: string) => boolean): Operator["holds"] {
  return (actual, expected, lookup) => {
    const literal = substituteVariables(expected, lookup);
    return literal !== undefined && compare(actual, literal);
  };
}

/** Not-a-number compares as false with everything, which is what IAM does with values that are no numbers. */
function numerically(compare: (actual: number, expected: number) => boolean): Operator["holds"] {
  return (actual, expected) => compare(parseNumber(actual), parseNumber(expected));
}

function parseNumber(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

/** Dates are ISO 8601 or seconds since 1970. */
function inTime(compare: (actualMs: number, expectedMs: number) => boolean): Operator["holds"] {
  return (actual, expected) => compare(parseTime(actual), parseTime(expected));
}

function parseTime(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

function isInAddressRange(actual: string, expected: string): boolean {
  const [network = "", prefix] = expected.split("/");
  const family = isIP(network);
  if (family === 0 || isIP(actual) !== family) return false;
  const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) return false;
  const range = new BlockList();
  const kind = family === 4 ? "ipv4" : "ipv6";
  range.addSubnet(network, bits, kind);
  return range.check(actual, kind);
}
