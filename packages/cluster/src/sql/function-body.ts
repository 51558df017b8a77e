/**
 * The body of a function in LANGUAGE SQL, where it stands in quotes: to PostgreSQL's parser a text, to whoever calls the
 * function statements, so the rules hold for each of them. A body between BEGIN ATOMIC and END is part of the tree.
 *
 * Source: AWS Labs' DSQL skill (measured): the body is parsed when the function is created.
 * Tests: function-body.test.ts.
 */
import { errors } from "@dsql-local/spec";
import type { Node } from "libpg-query";
import { SqlError } from "../base/index.ts";
import type { Refusal } from "./check.ts";
import { factsOf } from "./kinds.ts";
import type { Statement } from "./statement.ts";
import { as, stringsOf } from "./tree.ts";

/**
 * @param parse - parses and checks the statements of the body
 * @returns what is said against the first statement that a function may not hold
 */
export function refuseBody(node: Node, parse: (source: string) => readonly Statement[]): Refusal | undefined {
  const body = quotedBody(node);
  if (body === undefined) return undefined;
  for (const statement of parsed(body, parse)) {
    const refusal = refusalOf(statement);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function quotedBody(node: Node): string | undefined {
  const options = (as(node, "CreateFunctionStmt")?.options ?? []).map((option) => as(option, "DefElem"));
  const text = options.find((option) => option?.defname === "as")?.arg;
  return stringsOf(as(text, "List")?.items)[0];
}

function parsed(body: string, parse: (source: string) => readonly Statement[]): readonly Statement[] {
  try {
    return parse(body);
  } catch (error) {
    // PostgreSQL says where in the whole statement the mistake is.
    if (error instanceof SqlError && error.sqlstate === "42601") return [];
    throw error;
  }
}

function refusalOf(statement: Statement): Refusal | undefined {
  const { refusal, refusedBy = "" } = statement;
  if (refusal !== undefined) return { ruleId: refusedBy, fields: refusal };
  const { command, mayBeInFunction } = factsOf(statement);
  if (mayBeInFunction === true) return undefined;
  const named = statement.kind === "ddl" ? statement.command : command;
  return { ruleId: "function-body", fields: errors.notInFunction(named ?? "") };
}
