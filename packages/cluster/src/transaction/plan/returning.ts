/** What a statement is made to return beside what its client asked for. */
import type { Range, TextEdit } from "@dsql-local/sql";

/** Adds expressions to the end of the RETURNING list of a statement, which it gets if it has none. */
export function returningAlso(
  text: string,
  returning: Range | undefined,
  expressions: readonly string[],
): TextEdit {
  if (returning !== undefined) {
    return { start: returning.end, end: returning.end, text: `, ${expressions.join(", ")}` };
  }
  // A comment at the end of the text must not swallow what is added.
  return { start: text.length, end: text.length, text: `\nRETURNING ${expressions.join(", ")}` };
}
