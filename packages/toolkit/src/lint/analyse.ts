/** Everything that the checks find in one file, and in the schema that all files make together. */
import { type RuleSet } from "@dsql-local/spec";
import { adviceProblems } from "./check/advice.ts";
import { certainFailures } from "./check/certain-failures.ts";
import { functionBodyProblems } from "./check/function-body.ts";
import { limitProblems } from "./check/limits.ts";
import { SchemaModel } from "./check/schema.ts";
import { serviceProblems } from "./check/service-rules.ts";
import { type Step, transactionProblems } from "./check/transactions.ts";
import { volatileIndexProblems } from "./check/volatile-index.ts";
import { unawaitedIndexes } from "./check/unawaited-index.ts";
import { blockFixes } from "./fix/blocks.ts";
import { foldsOf } from "./fix/fold.ts";
import { fixesOf } from "./fix/fixers.ts";
import { editsInFile } from "./fix/in-file.ts";
import type { ParseStatement } from "./read/parser.ts";
import type { SqlSource } from "./read/source.ts";
import { type LocatedStatement, statementsOf } from "./read/statements.ts";
import type { Problem, TransactionScope } from "./types.ts";

export interface FoundProblem extends Problem {
  readonly located: LocatedStatement;
  readonly isFixable: boolean;
}

export interface AnalyseOptions {
  readonly parse: ParseStatement;
  readonly ruleSet: RuleSet;
  readonly transactions: TransactionScope | "auto";
}

export interface FileAnalysis {
  readonly statements: readonly LocatedStatement[];
  readonly problems: readonly FoundProblem[];
  /** Statements that `--fix` makes part of another one, and the rule for which it does. */
  readonly folded: ReadonlyMap<LocatedStatement, string>;
}

/** @param schema - is told of the file's statements; asked for what it found once it knows all files */
export function analyseFile(
  sources: readonly SqlSource[],
  options: AnalyseOptions,
  schema: SchemaModel<LocatedStatement>,
): FileAnalysis {
  const statements = sources.flatMap((source) => statementsOf(source, options.parse));
  for (const located of statements) {
    if (located.statement !== undefined) schema.add(located.statement, located);
  }
  const folded = new Map(foldsOf(statements).map(({ located, ruleId }) => [located, ruleId]));
  const problems = [
    ...statements.flatMap((located) => problemsOfStatement(located, options)),
    ...problemsOfTransactions(statements, options.transactions),
  ].map((problem) => ({
    ...problem,
    isFixable: problem.isFixable || folded.get(problem.located) === problem.ruleId,
  }));
  return { statements, problems, folded };
}

/** @param folded - of all files */
export function schemaProblems(
  schema: SchemaModel<LocatedStatement>,
  folded: FileAnalysis["folded"],
): FoundProblem[] {
  return schema.finish().map(({ problem, where }) => ({
    ...problem,
    located: where,
    isFixable: folded.get(where) === problem.ruleId,
  }));
}

function problemsOfStatement(
  located: LocatedStatement,
  { ruleSet, parse }: Pick<AnalyseOptions, "ruleSet" | "parse">,
): FoundProblem[] {
  const { statement, syntaxProblem, isPartial } = located;
  if (syntaxProblem !== undefined) {
    const { message, offset } = syntaxProblem;
    const end = Math.max(offset, Math.min(offset + 1, located.extent.text.length));
    return [{ ruleId: "syntax-error", message, start: offset, end, located, isFixable: false }];
  }
  if (statement === undefined) return [];
  const fixes = fixesOf(statement, ruleSet).filter((fix) => editsInFile(fix, located) !== undefined);
  const fixable = new Set(fixes.map(({ ruleId }) => ruleId));
  const problems = [
    ...serviceProblems(statement, ruleSet),
    ...functionBodyProblems(statement, ruleSet, parse),
    ...limitProblems(statement),
    ...certainFailures(statement),
    ...volatileIndexProblems(statement),
    ...adviceProblems(statement, { isPartial }),
  ];
  return problems.map((problem) => ({ ...problem, located, isFixable: fixable.has(problem.ruleId) }));
}

function problemsOfTransactions(
  statements: readonly LocatedStatement[],
  scope: TransactionScope | "auto",
): FoundProblem[] {
  return [...bySequence(statements).values()].flatMap((inOrder) => {
    const steps = inOrder.flatMap((located): Step<LocatedStatement>[] => {
      const { statement, source } = located;
      if (statement === undefined) return [];
      const { groupReason } = source;
      const group = groupOf(source, scope);
      return [{ statement, group, where: located, ...(groupReason !== undefined && { groupReason }) }];
    });
    const fixable = new Set(blockFixes(inOrder).flatMap(({ ruleId }) => [ruleId]));
    const found = [...transactionProblems(steps), ...unawaitedIndexes(steps)].map(({ problem, where }) => ({
      ...problem,
      located: where,
      isFixable:
        (fixable as ReadonlySet<string>).has(problem.ruleId) && groupOf(where.source, scope) === undefined,
    }));
    const ledger = scope === "auto" ? ledgerProblem(inOrder) : [];
    // Where no DDL can run at all, that two cannot run together goes without saying.
    return ledger.length === 0 ? found : [...found.filter(({ ruleId }) => !aboutDdl.has(ruleId)), ...ledger];
  });
}

const aboutDdl: ReadonlySet<string> = new Set(["one-ddl-per-transaction", "ddl-with-dml"]);

function groupOf(source: SqlSource, scope: TransactionScope | "auto"): string | undefined {
  if (scope === "file") return "file";
  // What a program sends as one message is one transaction however the option is set; a file's statements need not be.
  const isFile = source.transactionGroup === "file";
  return scope === "statement" && isFile ? undefined : source.transactionGroup;
}

function bySequence(statements: readonly LocatedStatement[]): Map<string, LocatedStatement[]> {
  const sequences = new Map<string, LocatedStatement[]>();
  for (const located of statements) {
    const { sequence } = located.source;
    const known = sequences.get(sequence);
    if (known === undefined) sequences.set(sequence, [located]);
    else known.push(located);
  }
  return sequences;
}

/** A tool that writes its ledger in the migration's own transaction cannot run any DDL. One finding a migration. */
function ledgerProblem(inOrder: readonly LocatedStatement[]): FoundProblem[] {
  const located = inOrder.find(
    ({ statement, source }) => statement?.kind === "ddl" && source.ledgerOf !== undefined,
  );
  if (located?.source.ledgerOf === undefined) return [];
  const message = `${located.source.ledgerOf} writes a row of its ledger in the transaction of this DDL statement`;
  const { start, end } = { start: 0, end: located.statement?.lexemes[0]?.end ?? 0 };
  return [{ ruleId: "migration-tool-transaction", message, start, end, located, isFixable: false }];
}
