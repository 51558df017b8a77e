/** A constraint that uses an index which nobody has waited for. Tests: transactions.test.ts. */
import { listOf } from "@dsql-local/spec";
import { as, textOf } from "./nodes.ts";
import { placeOfHead } from "./place.ts";
import type { Step, StepProblem } from "./transactions.ts";

/** @param steps - in the order in which they run */
export function unawaitedIndexes<Where>(steps: readonly Step<Where>[]): StepProblem<Where>[] {
  const building = new Set<string>();
  return steps.flatMap(({ statement, where }) => {
    if (statement.kind === "waitForJob") building.clear();
    if (statement.subject.type === "IndexStmt" && statement.isAsync) {
      building.add(textOf(statement.subject.fields["idxname"]) ?? "");
    }
    const used = listOf(statement.subject.fields["cmds"]).flatMap(
      (action) => textOf(as(as(action, "AlterTableCmd")?.["def"], "Constraint")?.["indexname"]) ?? [],
    );
    return used
      .filter((index) => building.has(index))
      .map((index) => {
        const message = `index "${index}" may still be building: nothing between waits for its job`;
        return { problem: { ruleId: "index-not-awaited", message, ...placeOfHead(statement) }, where };
      });
  });
}
