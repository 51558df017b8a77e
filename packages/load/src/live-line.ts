/** A line on a terminal that is written again and again in place, and never wraps: a line that did could not be rewritten. */
import type { Sparkline } from "./sparkline.ts";

/** The part of a stream that a display needs; `process.stdout` is one. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal, in characters. */
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const carriageReturn = "\r";
const eraseToEndOfLine = "\u001b[K";

/** @returns what writes a line in place of the one the cursor is in */
export function rewriteLine(line: string): string {
  return `${carriageReturn}${line}${eraseToEndOfLine}`;
}

// Of a terminal that does not say how wide it is.
const columnsDefault = 80;

/** @returns how many characters a line may have so that it does not wrap */
export function roomOn({ columns = columnsDefault }: Screen): number {
  // The last column stays free: some terminals wrap when it is filled.
  return Math.max(0, columns - 1);
}

/** Fewer bars do not show how the rate has been. */
const barsMin = 10;

/**
 * @param forms - of the same text, the longest first
 * @returns the first form that leaves room for some bars, and as many bars as there is room for
 */
export function fittedLine(screen: Screen, forms: readonly [string, ...string[]], rate: Sparkline): string {
  const room = roomOn(screen);
  const text = forms.find((form) => form.length + 1 + barsMin <= room) ?? forms.at(-1) ?? "";
  return `${text} ${rate.draw(Math.max(0, room - text.length - 1))}`.trimEnd().slice(0, room);
}
