/**
 * Rules: each refusal and each acceptance of the catalogue in `packages/spec/src/rules`, by its example.
 *
 * A check is one topic, refused or taken, by one protocol. Taken statements run in a block that is rolled back, so they
 * leave nothing behind on any server.
 */
import { type Acceptance, acceptances, holdsAsOf, type Rule, rules, topics } from "@dsql-local/spec";
import type { Check } from "../suite.ts";
import type { Protocol } from "../sql/run-script.ts";
import { judgeAcceptances, judgeRefusals } from "./judge.ts";

const protocols: readonly Protocol[] = ["simple", "extended"];

export function ruleChecks(): Check[] {
  const holds = holdsAsOf("latest");
  return topics.flatMap((topic) => {
    const isOfTopic = (row: Rule | Acceptance): boolean => row.topic === topic && holds(row);
    const refused = rules.filter(isOfTopic);
    const taken = acceptances.filter(isOfTopic);
    return protocols.flatMap((protocol): Check[] => [
      {
        name: `rules/${topic} refused: ${protocol}`,
        run: (target) => judgeRefusals(target, refused, protocol),
      },
      {
        name: `rules/${topic} taken: ${protocol}`,
        run: (target) => judgeAcceptances(target, taken, protocol),
      },
    ]);
  });
}
