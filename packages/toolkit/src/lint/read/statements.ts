/** The statements of a source, parsed, each with its place in the file. */
import { type SourceStatement, splitStatements } from "@dsql-local/sql";
import { fill, parseWithHoles } from "./holes.ts";
import { type ParseStatement, SyntaxProblem } from "./parser.ts";
import type { Hole, SqlSource } from "./source.ts";
import { withoutNamedParameters, withoutQuestionMarks } from "./sql-file.ts";
import { type ParsedStatement, parseStatement } from "./statement.ts";

export interface LocatedStatement {
  readonly source: SqlSource;
  /** Offsets in the source's text. */
  readonly extent: SourceStatement;
  /** undefined: it does not parse, and `syntaxProblem` says why. */
  readonly statement: ParsedStatement | undefined;
  /** A program puts in more than values. */
  readonly isPartial: boolean;
  readonly syntaxProblem?: SyntaxProblem;
}

/** @returns none for a text that turns out to be no SQL, or to be put together in a way that cannot be read */
export function statementsOf(source: SqlSource, parse: ParseStatement): LocatedStatement[] {
  // A hole is a lexeme, not a blank: a statement may end with one.
  const text = fill(source.text, source.holes, []);
  return splitStatements(text).flatMap((extent) => {
    const located = locate(source, extent, parse);
    return located.statement === undefined && located.syntaxProblem === undefined ? [] : [located];
  });
}

function locate(source: SqlSource, extent: SourceStatement, parse: ParseStatement): LocatedStatement {
  const holes = source.holes
    .filter(({ start }) => start >= extent.start && start < extent.end)
    .map(({ start, end }): Hole => ({ start: start - extent.start, end: end - extent.start }));
  try {
    // The blanks behind a hole's first filling are its own too.
    const filled = parseWithHoles(extent.text.padEnd(holes.at(-1)?.end ?? 0), holes, parse);
    return { source, extent, statement: filled?.statement, isPartial: filled?.isPartial ?? true };
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    const statement = withPlaceholders(extent.text, parse);
    const isKnown = statement !== undefined || !source.isSurelySql;
    return { source, extent, statement, isPartial: false, ...(!isKnown && { syntaxProblem: error }) };
  }
}

/** Tries the ways in which psql and drivers write parameters. */
function withPlaceholders(text: string, parse: ParseStatement): ParsedStatement | undefined {
  const named = withoutNamedParameters(text);
  for (const candidate of new Set([named, withoutQuestionMarks(named)])) {
    if (candidate === text) continue;
    try {
      return parseStatement(candidate, parse);
    } catch (error) {
      if (!(error instanceof SyntaxProblem)) throw error;
    }
  }
  return undefined;
}
