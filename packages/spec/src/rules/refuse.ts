/**
 * Applies the rules in force at a date to a statement.
 *
 * Tests: refuse.test.ts; packages/cluster/src/sql/refusals.test.ts for each rule's text.
 */
import { findMatch, type Subject, valueAt } from "./match.ts";
import type { Rule, Slot } from "./rule.ts";
import type { TreeNode } from "./tree.ts";

export interface RuleRefusal {
  readonly rule: Rule;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

/** An index over the rules in force, so that a statement is only held against those about nodes that it has. */
export type RuleSet = ReadonlyMap<string, readonly (readonly [order: number, rule: Rule])[]>;

/**
 * @param asOf - `2025-11` (its last day), `2026-06-08` or `latest`
 * @throws {RangeError} when it is none of these
 */
export function rulesAsOf(rules: readonly Rule[], asOf: string): RuleSet {
  const day = lastDayOf(asOf);
  const byNode = new Map<string, [number, Rule][]>();
  rules.forEach((rule, order) => {
    const isInForce = (rule.since ?? "") <= day && day < (rule.until ?? "9999");
    if (!isInForce) return;
    const sameNode = byNode.get(rule.match.node) ?? [];
    byNode.set(rule.match.node, sameNode);
    sameNode.push([order, rule]);
  });
  return byNode;
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
  const candidates: (readonly [number, Rule])[] = [];
  for (const type of subject.nodes.keys()) {
    const rules = ruleSet.get(type);
    if (rules !== undefined) candidates.push(...rules);
  }
  candidates.sort(([left], [right]) => left - right);
  for (const [, rule] of candidates) {
    const node = findMatch(subject, rule.match);
    if (node !== undefined) return refusal(rule, node);
  }
  return undefined;
}

function refusal(rule: Rule, node: TreeNode): RuleRefusal {
  const message = rule.message.replace(/\{(\w+)\}/g, (_, name: string) => slotText(node, rule.slots?.[name]));
  return {
    rule,
    sqlstate: rule.sqlstate ?? "0A000",
    message,
    ...(rule.detail !== undefined && { detail: rule.detail }),
    ...(rule.hint !== undefined && { hint: rule.hint }),
  };
}

function slotText(node: TreeNode, slot: Slot | undefined): string {
  if (slot === undefined) return "";
  const value = valueAt(node, typeof slot === "string" ? slot : slot.path);
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  return typeof slot === "string" ? text : text.toUpperCase();
}
