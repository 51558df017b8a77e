/** What the service's dated rules say against a statement. Tests: test/lint-agreement.test.ts. */
import { type PlacedRefusal, refusals, type RuleSet } from "@dsql-local/spec";
import type { ParsedStatement } from "../read/statement.ts";
import type { Problem } from "../types.ts";
import { type Place, placeOf } from "./place.ts";

/** @returns all of them: the service tells the first only */
export function serviceProblems(statement: ParsedStatement, ruleSet: RuleSet): Problem[] {
  const problems = refusals(statement.subject, ruleSet).map((placed) => toProblem(placed, statement));
  const known = new Set<string>();
  return problems.filter(({ message, start }) => {
    // One fact may be a rule of several dates, or be said by a general rule and by a special one.
    const key = `${start} ${message}`;
    return !known.has(key) && known.add(key);
  });
}

function toProblem({ refusal, node }: PlacedRefusal, statement: ParsedStatement): Problem {
  const place: Place = placeOf(refusal.rule.id, node, statement);
  return { ruleId: refusal.rule.id, message: refusal.message, ...place };
}
