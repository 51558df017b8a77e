/**
 * What PostgreSQL itself refuses whatever the tables are, and a schema that worked elsewhere may hold all the same.
 *
 * Tests: certain-failures.test.ts.
 */
import { listOf, namesOf, type TreeNode } from "@dsql-local/spec";
import type { ParsedStatement } from "../read/statement.ts";
import type { Problem } from "../types.ts";
import { as, locationOf, nodesOf, textOf } from "./nodes.ts";
import { placeAt, placeOfHead } from "./place.ts";

export function certainFailures(statement: ParsedStatement): Problem[] {
  return [...nullableIdentity(statement), ...missingTrigger(statement), ...procedureInQuery(statement)];
}

/** `SELECT sys.wait_for_job(…)`. */
function procedureInQuery(statement: ParsedStatement): Problem[] {
  if (statement.subject.type === "CallStmt") return [];
  return nodesOf(statement, "FuncCall")
    .filter(({ funcname }) => namesOf(funcname).join(".") === "sys.wait_for_job")
    .map((call) => ({
      ruleId: "wait-for-job-in-query",
      message: "sys.wait_for_job(text) is a procedure",
      ...(placeAt(statement, locationOf(call)) ?? placeOfHead(statement)),
    }));
}

/** `id bigint NULL GENERATED … AS IDENTITY`. */
function nullableIdentity(statement: ParsedStatement): Problem[] {
  return nodesOf(statement, "ColumnDef").flatMap((column) => {
    const constraints = listOf(column["constraints"]).map((own) => as(own, "Constraint") ?? {});
    const ofType = (type: string): TreeNode | undefined =>
      constraints.find(({ contype }) => contype === type);
    const nullable = ofType("CONSTR_NULL");
    if (nullable === undefined || ofType("CONSTR_IDENTITY") === undefined) return [];
    const message = `conflicting NULL/NOT NULL declarations for column "${textOf(column["colname"]) ?? ""}"`;
    const place = placeAt(statement, locationOf(nullable)) ?? placeOfHead(statement);
    return [{ ruleId: "identity-not-null", message, ...place }];
  });
}

/** No trigger can be there; with IF EXISTS that is no error. */
function missingTrigger(statement: ParsedStatement): Problem[] {
  const { type, fields } = statement.subject;
  if (type !== "DropStmt" || fields["removeType"] !== "OBJECT_TRIGGER") return [];
  if (fields["missing_ok"] === true) return [];
  const names = namesOf(as(listOf(fields["objects"])[0], "List")?.["items"]);
  const message = `trigger "${names.at(-1) ?? ""}" for table "${names.at(-2) ?? ""}" does not exist`;
  return [{ ruleId: "drop-trigger", message, ...placeOfHead(statement) }];
}
