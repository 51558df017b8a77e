/**
 * Applies the rules in force at a date to a statement.
 *
 * Tests: refuse.test.ts; packages/cluster/src/sql/refusals.test.ts for each rule's text.
 */
import { type LimitName, loweredLimitDetail } from "../limits.ts";
import { type Condition, findMatch, findMatches, type Subject, valueAt } from "./match.ts";
import type { Rule, Slot } from "./rule.ts";
import type { TreeNode } from "./tree.ts";

export interface RuleRefusal {
  readonly rule: Rule;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  /** The rule's remedy. */
  readonly hint: string;
}

/** An index over the rules in force, so that a statement is only held against those about nodes that it has. */
export type RuleSet = ReadonlyMap<string, readonly (readonly [order: number, rule: Rule])[]>;

/**
 * @param asOf - `2025-11` (its last day), `2026-06-08` or `latest`
 * @param lowered - limits that are lower than the service's; the texts stay the service's, DETAIL says the limit in force
 * @throws {RangeError} when `asOf` is none of these
 */
export function rulesAsOf(
  rules: readonly Rule[],
  asOf: string,
  lowered: Readonly<Partial<Record<LimitName, number>>> = {},
): RuleSet {
  const holds = holdsAsOf(asOf);
  const byNode = new Map<string, [number, Rule][]>();
  rules.forEach((rule, order) => {
    if (!holds(rule)) return;
    const sameNode = byNode.get(rule.match.node) ?? [];
    byNode.set(rule.match.node, sameNode);
    sameNode.push([order, withLimits(rule, lowered)]);
  });
  return byNode;
}

function withLimits(rule: Rule, lowered: Readonly<Partial<Record<LimitName, number>>>): Rule {
  const { where = {} } = rule.match;
  let { detail } = rule;
  const conditions = Object.entries(where).map(([path, condition]): [string, Condition] => {
    if (typeof condition !== "object" || !("above" in condition)) return [path, condition];
    const limit = lowered[condition.above];
    if (limit === undefined) return [path, condition];
    detail ??= loweredLimitDetail(condition.above, limit);
    return [path, { ...condition, lowered: limit }];
  });
  const match = { ...rule.match, where: Object.fromEntries(conditions) };
  return { ...rule, match, ...(detail !== undefined && { detail }) };
}

/**
 * @param asOf - as `rulesAsOf` takes it
 * @returns whether a rule, an acceptance or another dated fact holds at the date
 * @throws {RangeError} when it is no date
 */
export function holdsAsOf(asOf: string): (dated: Pick<Rule, "since" | "until">) => boolean {
  const day = lastDayOf(asOf);
  return ({ since = "", until = "9999" }) => since <= day && day < until;
}

/** Texts of dates sort as the dates do, and no day of a month sorts after its `-99`. */
function lastDayOf(asOf: string): string {
  if (asOf === "latest") return "9998";
  if (/^\d{4}-\d{2}-\d{2}$/.test(asOf)) return asOf;
  if (/^\d{4}-\d{2}$/.test(asOf)) return `${asOf}-99`;
  throw new RangeError(
    `the date of a rule set is YYYY-MM, YYYY-MM-DD or "latest", not ${JSON.stringify(asOf)}`,
  );
}

/** @returns what the first rule, in the order of the catalogue, says against the statement */
export function refuse(subject: Subject, ruleSet: RuleSet): RuleRefusal | undefined {
  for (const rule of rulesAbout(subject, ruleSet)) {
    const node = findMatch(subject, rule.match);
    if (node !== undefined) return refusal(rule, node);
  }
  return undefined;
}

/** What a rule says against one node of a statement. */
export interface PlacedRefusal {
  readonly refusal: RuleRefusal;
  /** The node that the rule fits; where the parser gives one, its `location` counts UTF-8 bytes. */
  readonly node: TreeNode;
}

/**
 * @returns what every rule says against every node that it fits, in the order of the catalogue: for a lint, which shows all
 * that has to be changed at once
 */
export function refusals(subject: Subject, ruleSet: RuleSet): readonly PlacedRefusal[] {
  return rulesAbout(subject, ruleSet).flatMap((rule) =>
    findMatches(subject, rule.match).map((node) => ({ refusal: refusal(rule, node), node })),
  );
}

function rulesAbout(subject: Subject, ruleSet: RuleSet): readonly Rule[] {
  const candidates: (readonly [number, Rule])[] = [];
  for (const type of subject.nodes.keys()) {
    const rules = ruleSet.get(type);
    if (rules !== undefined) candidates.push(...rules);
  }
  return candidates.sort(([left], [right]) => left - right).map(([, rule]) => rule);
}

function refusal(rule: Rule, node: TreeNode): RuleRefusal {
  const message = rule.message.replace(/\{(\w+)\}/g, (_, name: string) => slotText(node, rule.slots?.[name]));
  return {
    rule,
    sqlstate: rule.sqlstate ?? "0A000",
    message,
    ...(rule.detail !== undefined && { detail: rule.detail }),
    hint: rule.remedy,
  };
}

function slotText(node: TreeNode, slot: Slot | undefined): string {
  if (slot === undefined) return "";
  const value = valueAt(node, typeof slot === "string" ? slot : slot.path);
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  if (typeof slot === "string") return text;
  // A zero is left out of the tree.
  return slot.show === "number" ? text || "0" : text.toUpperCase();
}
