/** A result as a table, the way psql prints it. */
import { withoutControl } from "../terminal.ts";

export interface Column {
  readonly name: string;
  /** Numbers stand at the right, as in psql. */
  readonly isNumber: boolean;
}

/** @param rows - values in PostgreSQL's text form; null is shown as nothing, as in psql */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly (string | null)[])[],
): string {
  const heads = columns.map((column) => withoutControl(column.name));
  const cells = rows.map((row) => columns.map((_, index) => linesOf(row[index] ?? null)));
  const widths = columns.map((_, index) =>
    Math.max(
      displayWidth(heads[index] ?? ""),
      ...cells.flatMap((row) => (row[index] ?? []).map(displayWidth)),
    ),
  );
  const lines = [
    heads.map((head, index) => ` ${centred(head, widths[index] ?? 0)} `).join("|"),
    widths.map((width) => "-".repeat(width + 2)).join("+"),
    ...cells.flatMap((row) => rowLines(row, columns, widths)),
    `(${rows.length} ${rows.length === 1 ? "row" : "rows"})`,
  ];
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** A value with line breaks takes several lines; psql marks each that goes on with a `+`. */
function rowLines(row: readonly string[][], columns: readonly Column[], widths: readonly number[]): string[] {
  const height = Math.max(1, ...row.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    row
      .map((lines, index) => {
        const text = lines[line] ?? "";
        const width = widths[index] ?? 0;
        const goesOn = line < lines.length - 1 ? "+" : " ";
        return ` ${columns[index]?.isNumber === true ? padStart(text, width) : padEnd(text, width)}${goesOn}`;
      })
      .join("|"),
  );
}

function linesOf(value: string | null): string[] {
  return withoutControl(value ?? "").split("\n");
}

function centred(text: string, width: number): string {
  const left = Math.floor((width - displayWidth(text)) / 2);
  return padEnd(" ".repeat(Math.max(0, left)) + text, width);
}

function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - displayWidth(text))) + text;
}

// East Asian wide and full-width characters and emoji take two columns of a terminal, combining marks none.
// Source: Unicode Standard Annex #11, the blocks that are wide as a whole.
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
const wideBeyond = /[\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const narrowest = /[\p{Mn}\p{Me}\u200b-\u200d\ufe0e\ufe0f]/u;

/** Columns of a terminal that the text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (narrowest.test(character)) continue;
    width += wide.test(character) || wideBeyond.test(character) ? 2 : 1;
  }
  return width;
}
