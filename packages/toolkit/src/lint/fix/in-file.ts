/** From the fix of a statement's text to edits of the file that holds it. Tests: fix.test.ts. */
import type { TextEdit } from "@dsql-local/sql";
import type { LocatedStatement } from "../read/statements.ts";
import type { Fix } from "./fix.ts";

/** @returns undefined when the file cannot say it: the text is put together from parts, or is one message */
export function editsInFile(fix: Fix, located: LocatedStatement): TextEdit[] | undefined {
  const { source, extent } = located;
  if (fix.removesStatement === true) return removalInFile(located);
  const edits: TextEdit[] = [];
  for (const { start, end, text } of fix.edits) {
    const parted = text.split(";\n");
    if (parted.length > 1 && source.separator === undefined) return undefined;
    // A text that was parsed with something in the place of its parameters is not one to copy from.
    const isCopy = parted.length > 1 || end - start === extent.text.length;
    if (isCopy && located.statement?.text !== extent.text) return undefined;
    const absolute = {
      start: extent.start + start,
      end: extent.start + end,
      text: parted.join(source.separator),
    };
    const written = source.written(absolute);
    if (written === undefined) return undefined;
    const from = source.fileOffset(absolute.start);
    edits.push({
      start: from,
      end: end === start ? from : source.fileOffset(absolute.end),
      text: written,
    });
  }
  return edits;
}

/** With the line break after it. @returns undefined in a program's text */
export function removalInFile({ source, extent }: LocatedStatement): TextEdit[] | undefined {
  if (source.separator === undefined) return undefined;
  const after = /^[ \t]*\r?\n/.exec(source.text.slice(extent.endWithSemicolon))?.[0].length ?? 0;
  return [{ start: extent.start, end: extent.endWithSemicolon + after, text: "" }];
}
