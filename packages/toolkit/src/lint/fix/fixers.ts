/**
 * The rules whose refusals have one right answer, and the answers. Each is found anew after the one before it was applied.
 *
 * Tests: fix.test.ts; test/lint-migrations.test.ts runs what comes out on a cluster.
 */
import { refusals, type RuleSet } from "@dsql-local/spec";
import type { ParsedStatement } from "../read/statement.ts";
import { columnFixers } from "./columns.ts";
import { constraintFixers } from "./constraints.ts";
import type { Fix, Fixer } from "./fix.ts";
import { indexFixers } from "./indexes.ts";
import { sessionFixers } from "./session.ts";

const fixers: Readonly<Record<string, Fixer | undefined>> = {
  ...indexFixers,
  ...columnFixers,
  ...constraintFixers,
  ...sessionFixers,
};

/** Rules of which at least some findings can be fixed. */
export const fixableRuleIds: readonly string[] = [
  ...Object.keys(fixers),
  "one-ddl-per-transaction",
  "ddl-with-dml",
];

export interface RuleFix extends Fix {
  readonly ruleId: string;
}

/** @returns every fix of a statement, each as if it were the only one */
export function fixesOf(statement: ParsedStatement, ruleSet: RuleSet): RuleFix[] {
  const inForce = new Set([...ruleSet.values()].flat().map(([, rule]) => rule.id));
  const refuses = (ruleId: string): boolean => inForce.has(ruleId);
  return refusals(statement.subject, ruleSet).flatMap(({ refusal, node }) => {
    const fix = fixers[refusal.rule.id]?.({ statement, node, refuses });
    return fix === undefined ? [] : [{ ...fix, ruleId: refusal.rule.id }];
  });
}

/** @returns those that can be applied at once; what is left over is found again afterwards */
export function withoutOverlaps(fixes: readonly RuleFix[]): RuleFix[] {
  const chosen: RuleFix[] = [];
  for (const fix of fixes) if (!chosen.some((other) => overlap(fix, other))) chosen.push(fix);
  return chosen;
}

function overlap(left: Fix, right: Fix): boolean {
  return left.edits.some((one) =>
    right.edits.some((other) => one.start <= other.end && other.start <= one.end),
  );
}
