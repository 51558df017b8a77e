/** Rows as a statement left them, and how they are written again. */
import { qualifiedName, quoteName, type Table } from "../catalog/table.ts";

export interface RowImages {
  readonly table: Table;
  readonly command: "insert" | "update" | "delete";
  /** Each in the text form of the table's row type. */
  readonly rows: readonly string[];
}

/** A statement that writes the images in `$1` as the first run left them. */
export function imageStatement(images: RowImages): string {
  const { table } = images;
  const name = qualifiedName(table);
  const rows = `(SELECT (unnest($1::text[])::${name}).*) AS image`;
  const written = table.columns
    .filter((column) => !column.isGenerated)
    .map((column) => quoteName(column.name));
  const values = written.map((column) => `image.${column}`).join(", ");
  if (images.command === "insert") {
    return `INSERT INTO ${name} (${written.join(", ")}) OVERRIDING SYSTEM VALUE SELECT ${values} FROM ${rows}`;
  }
  const same = sameRow(table, written);
  if (images.command === "delete") return `DELETE FROM ${name} AS target USING ${rows} WHERE ${same}`;
  const set = assignableNames(table)
    .map((column) => `${column} = image.${column}`)
    .join(", ");
  return `UPDATE ${name} AS target SET ${set} FROM ${rows} WHERE ${same}`;
}

function assignableNames(table: Table): string[] {
  const assignable = table.columns.filter((column) => !column.isGenerated && !column.isIdentityAlways);
  return assignable.map((column) => quoteName(column.name));
}

/** By primary key; without one, by all that was written. */
function sameRow(table: Table, written: readonly string[]): string {
  if (table.primaryKey.length > 0) {
    return table.primaryKey
      .map((column) => `target.${quoteName(column)} = image.${quoteName(column)}`)
      .join(" AND ");
  }
  return written.map((column) => `target.${column} IS NOT DISTINCT FROM image.${column}`).join(" AND ");
}
