/** Changes of a statement's text, each at a range of the original. */
import type { Range } from "../../sql/index.ts";

export interface TextEdit extends Range {
  /** What stands there instead. */
  readonly text: string;
}

/** @param edits - of ranges that do not overlap; at one place the first given comes first */
export function edited(text: string, edits: readonly TextEdit[]): string {
  const inOrder = [...edits].sort((left, right) => left.start - right.start);
  let result = "";
  let at = 0;
  for (const edit of inOrder) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

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
