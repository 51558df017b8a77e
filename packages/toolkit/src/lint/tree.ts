/** The parse tree of one statement, for who decides by it what may run. Tests: ../ad-hoc/judge.test.ts. */
import type { TreeNode } from "@dsql-local/spec";
import { splitStatements } from "@dsql-local/sql";
import { loadParser, type ParseStatement, SyntaxProblem } from "./read/parser.ts";
import { parseStatement } from "./read/statement.ts";

/** A statement as PostgreSQL's parser sees it. */
export interface StatementTree {
  /** Without the semicolon and the comments before it. */
  readonly text: string;
  /** `SelectStmt`, `InsertStmt`, …; empty for AWS IAM GRANT and REVOKE. */
  readonly type: string;
  readonly fields: TreeNode;
}

/** @returns the tree of the only statement in the text; a problem, in words, when there is not exactly one */
export async function statementTree(sql: string): Promise<StatementTree | { readonly problem: string }> {
  const [parse, count] = await Promise.all([loadParser(), loadCounter()]);
  const [only, ...more] = splitStatements(sql);
  if (only === undefined) return { problem: "there is no statement" };
  if (more.length > 0) return { problem: "there is more than one statement: one at a time" };
  try {
    const { type, fields } = parseStatement(only.text, onlyOne(parse, count)).subject;
    return { text: only.text, type, fields };
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    return { problem: error.message };
  }
}

type CountStatements = (text: string) => number;

/** Asked after the parser has taken the text, so that it cannot fail. */
async function loadCounter(): Promise<CountStatements> {
  const { parseSync } = await import("libpg-query");
  return (text) => (parseSync(text) as { stmts?: readonly unknown[] }).stmts?.length ?? 0;
}

/** Our cut finds statements where the text says; the parser's own count is what the server goes by. */
function onlyOne(parse: ParseStatement, count: CountStatements): ParseStatement {
  return (text) => {
    const node = parse(text);
    if (node === undefined || count(text) !== 1) {
      throw new SyntaxProblem("there must be one statement, and no more", 0);
    }
    return node;
  };
}
