/**
 * The statements in the quoted body of a function in LANGUAGE SQL: to PostgreSQL's parser a text, to the service statements,
 * for which its rules hold. A body between BEGIN ATOMIC and END, or behind RETURN, is part of the tree.
 *
 * Tests: function-body.test.ts.
 */
import { errors, listOf, namesOf, type RuleSet, type TreeNode } from "@dsql-local/spec";
import { lex, type Lexeme, splitStatements } from "@dsql-local/sql";
import { type ParseStatement, SyntaxProblem } from "../read/parser.ts";
import { type ParsedStatement, parseStatement } from "../read/statement.ts";
import type { Problem } from "../types.ts";
import { as, textOf } from "./nodes.ts";
import { type Place, placeOfHead, wordOf } from "./place.ts";
import { serviceProblems } from "./service-rules.ts";

export function functionBodyProblems(
  statement: ParsedStatement,
  ruleSet: RuleSet,
  parse: ParseStatement,
): Problem[] {
  const body = quotedBody(statement);
  if (body === undefined) return [];
  return splitStatements(body.text).flatMap((extent) =>
    problemsIn(extent.text, ruleSet, parse).map(({ start, end, ...problem }) => ({
      ...problem,
      ...body.placeOf({ start: extent.start + start, end: extent.start + end }),
    })),
  );
}

interface Body {
  readonly text: string;
  /** @param inBody - offsets in `text`. @returns those in the statement */
  readonly placeOf: (inBody: Place) => Place;
}

function quotedBody(statement: ParsedStatement): Body | undefined {
  const { type, fields } = statement.subject;
  if (type !== "CreateFunctionStmt" || fields["is_procedure"] === true) return undefined;
  const language = namesOf([optionOf(fields, "language")])[0];
  const text = namesOf(as(optionOf(fields, "as"), "List")?.["items"])[0];
  const written = literalAfterAs(statement);
  if (language?.toLowerCase() !== "sql" || text === undefined || written === undefined) return undefined;
  const literal = statement.text.slice(written.start, written.end);
  const opening = literal.startsWith("$") ? literal.indexOf("$", 1) + 1 : literal.indexOf("'") + 1;
  // With quotes doubled in it, a character of the body does not stand where it counts.
  if (!literal.startsWith(text, opening)) return { text, placeOf: () => written };
  const offset = written.start + opening;
  return { text, placeOf: ({ start, end }) => ({ start: start + offset, end: end + offset }) };
}

function optionOf(fields: TreeNode, name: string): unknown {
  const options = listOf(fields["options"]).map((option) => as(option, "DefElem") ?? {});
  return options.find(({ defname }) => textOf(defname) === name)?.["arg"];
}

function literalAfterAs(statement: ParsedStatement): Lexeme | undefined {
  const { lexemes } = statement;
  return lexemes.find((lexeme, index) => {
    const before = lexemes[index - 1];
    return lexeme.kind === "string" && before?.kind === "word" && wordOf(statement, before) === "AS";
  });
}

function problemsIn(text: string, ruleSet: RuleSet, parse: ParseStatement): Problem[] {
  try {
    const statement = parseStatement(text, parse);
    const { kind } = statement;
    const problems = serviceProblems(statement, ruleSet);
    if (problems.length > 0 || kind === "read" || kind === "write") return problems;
    const { message } = errors.notInFunction(commandOf(text));
    return [{ ruleId: "function-body", message, ...placeOfHead(statement) }];
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    const { message, offset } = error;
    return [{ ruleId: "syntax-error", message, start: offset, end: offset + 1 }];
  }
}

const twoWords = new Set(["CREATE", "ALTER", "DROP"]);
const modifiers = new Set(["OR", "REPLACE", "UNIQUE", "ASYNC", "RECURSIVE"]);

/** As the command tag says: `CREATE INDEX`, `GRANT`, `AWS IAM GRANT`. */
function commandOf(text: string): string {
  const words = lex(text)
    .slice(0, 6)
    .map(({ start, end }) => text.slice(start, end).toUpperCase());
  const [first = ""] = words;
  if (first === "AWS") return words.slice(0, 3).join(" ");
  if (first === "DEALLOCATE" || (first === "SET" && words[1] === "CONSTRAINTS"))
    return words.slice(0, 2).join(" ");
  if (!twoWords.has(first)) return first;
  return `${first} ${words.slice(1).find((word) => !modifiers.has(word)) ?? ""}`.trim();
}
