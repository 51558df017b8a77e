/** Cuts a source into statements, as psql does with a file: sent together they would be one transaction. */
import { scanStatements, type StatementExtent } from "./statements.ts";

/** One statement where it stands; offsets are indexes of UTF-16 characters in the source. */
export interface SourceStatement {
  /** As written, without the semicolon and without the comments before it. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** After the semicolon, when one ends it. */
  readonly endWithSemicolon: number;
}

/** @returns the statements in the order of the text; what holds only blanks and comments is none */
export function splitStatements(source: string): SourceStatement[] {
  const statements: SourceStatement[] = [];
  scanStatements(source, (extent) => statements.push(toStatement(source, extent)));
  return statements;
}

function toStatement(source: string, { start, end, semicolon }: StatementExtent): SourceStatement {
  return { text: source.slice(start, end), start, end, endWithSemicolon: semicolon?.end ?? end };
}
