/**
 * Index expressions and predicates that call what PostgreSQL does not know as immutable: 42P17, whose catalog the lint has
 * not. The functions that people put there are few.
 *
 * Tests: schema.test.ts.
 */
import { namesOf } from "@dsql-local/spec";
import type { ParsedStatement } from "../read/statement.ts";
import type { Problem } from "../types.ts";
import { locationOf, nodesOf } from "./nodes.ts";
import { placeAt, placeOfHead } from "./place.ts";

/** Volatile or stable for every type of arguments; `date_trunc()`, say, is immutable for some. */
const changing = new Set([
  ...["now", "transaction_timestamp", "statement_timestamp", "clock_timestamp", "timeofday", "random"],
  ...["gen_random_uuid", "nextval", "currval", "current_setting", "to_char", "concat", "concat_ws", "format"],
  ...["array_to_string", "json_build_object", "jsonb_build_object", "to_json", "to_jsonb"],
]);

export function volatileIndexProblems(statement: ParsedStatement): Problem[] {
  if (statement.subject.type !== "IndexStmt") return [];
  const calls = nodesOf(statement, "FuncCall").filter(({ funcname }) =>
    changing.has(namesOf(funcname).at(-1) ?? ""),
  );
  // CURRENT_DATE and its like have a node of their own.
  return [...calls, ...nodesOf(statement, "SQLValueFunction")].slice(0, 1).map((node) => ({
    ruleId: "index-not-immutable",
    message: "functions in index expression must be marked IMMUTABLE",
    ...(placeAt(statement, locationOf(node)) ?? placeOfHead(statement)),
  }));
}
