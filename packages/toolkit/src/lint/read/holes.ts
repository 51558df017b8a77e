/**
 * Parses a text with holes, which only a run of the program fills in, by trying what may stand in each: a parameter, a name,
 * a list in parentheses, DEFAULT VALUES, an assignment, nothing.
 *
 * A text that is a statement with none of them is put together from parts; nothing can be said about it.
 *
 * Tests: code.test.ts.
 */
import { applyEdits } from "@dsql-local/sql";
import { parseStatement, type ParsedStatement } from "./statement.ts";
import { type ParseStatement, SyntaxProblem } from "./parser.ts";
import type { Hole } from "./source.ts";

/** How wide a hole is in the text; every filling is padded to it, so that offsets stay. */
export const holeWidth = 16;

/** In the order in which they are tried. */
const fillings: readonly ((index: number) => string)[] = [
  (index) => `$${(index % 65_000) + 1}`,
  (index) => `h_${index % 10_000}`,
  () => "(0)",
  () => "DEFAULT VALUES",
  (index) => `h${index % 1_000}=0`,
  () => "",
];
/** Fillings up to this one are values: what stands there is no part of the statement's shape. */
const valueFillings = 1;

export interface FilledStatement {
  readonly statement: ParsedStatement;
  /** Whether a hole holds more than a value: a name, a list, a whole clause. */
  readonly isPartial: boolean;
}

/**
 * @param text - one statement, with `holeWidth` characters for each hole
 * @returns undefined when no filling makes a statement of it
 * @throws {SyntaxProblem} it has no holes and is no statement
 */
export function parseWithHoles(
  text: string,
  holes: readonly Hole[],
  parse: ParseStatement,
): FilledStatement | undefined {
  const chosen = holes.map(() => 0);
  for (;;) {
    try {
      const statement = parseStatement(fill(text, holes, chosen), parse);
      return { statement, isPartial: chosen.some((filling) => filling >= valueFillings) };
    } catch (error) {
      if (!(error instanceof SyntaxProblem) || holes.length === 0) throw error;
      const blamed = blamedHole(holes, chosen, error.offset);
      if (blamed === undefined) return undefined;
      chosen[blamed] = (chosen[blamed] ?? 0) + 1;
    }
  }
}

export function fill(text: string, holes: readonly Hole[], chosen: readonly number[]): string {
  return applyEdits(
    text,
    holes.map(({ start, end }, index) => {
      const filling = fillings[chosen[index] ?? 0]?.(index) ?? "";
      return { start, end, text: filling.padEnd(end - start) };
    }),
  );
}

/** The hole at the error, or the last one before it: the parser often stumbles one word later. */
function blamedHole(holes: readonly Hole[], chosen: readonly number[], offset: number): number | undefined {
  for (let index = holes.length - 1; index >= 0; index -= 1) {
    const isBefore = (holes[index]?.start ?? 0) <= offset;
    if (isBefore && (chosen[index] ?? 0) < fillings.length - 1) return index;
  }
  return undefined;
}
