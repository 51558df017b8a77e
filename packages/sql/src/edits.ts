/** Changes of a text at several places, each at a range of the original, so that no change moves the places of another. */

/** UTF-16 offsets; `end` is after the last unit. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface TextEdit extends Range {
  /** What stands there instead. */
  readonly text: string;
}

/**
 * @param edits - of ranges that do not overlap; at one place an insertion comes before what is replaced, and of several the first
 *   given comes first
 */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  return applyEditsWithin(text, { start: 0, end: text.length }, edits);
}

/** The text of a range as the edits that lie in it leave it; the others do not count. */
export function applyEditsWithin(text: string, range: Range, edits: readonly TextEdit[]): string {
  let result = "";
  let at = range.start;
  for (const edit of inOrder(edits)) {
    if (edit.start < at || edit.end > range.end) continue;
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at, range.end);
}

/** Where a place of the edited text stood in the original; within a replacement: where what it stands for begins. */
export function originalOffset(edits: readonly TextEdit[], offset: number): number {
  let longer = 0;
  for (const { start, end, text } of inOrder(edits)) {
    const at = start + longer;
    if (offset < at) break;
    if (offset < at + text.length) return start;
    longer += text.length - (end - start);
  }
  return offset - longer;
}

/** Writes other words over ranges, filled up with blanks, so that every offset stays what it was. */
export function overwrite(text: string, places: readonly Range[], by: string): string {
  return applyEdits(
    text,
    places.map(({ start, end }) => ({ start, end, text: by.padEnd(end - start) })),
  );
}

function inOrder(edits: readonly TextEdit[]): readonly TextEdit[] {
  return edits.length < 2
    ? edits
    : edits.toSorted((left, right) => left.start - right.start || left.end - right.end);
}
