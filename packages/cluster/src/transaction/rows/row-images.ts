/** Rows as a statement left them, and how they are written again. */
import { insertRows, qualifiedName, quoteName, type Table, writtenColumns } from "../../catalog/index.ts";

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
  // Of a row without columns `.*` leaves nothing, not even the row.
  const row =
    table.columns.length === 0
      ? "FROM pg_catalog.unnest($1::pg_catalog.text[])"
      : `(pg_catalog.unnest($1::pg_catalog.text[])::${name}).*`;
  const rows = `(SELECT ${row}) AS image`;
  if (images.command === "insert") return `${insertRows(table, name, "image.")} FROM ${rows}`;
  const same = sameRow(table);
  if (images.command === "delete") return `DELETE FROM ${name} AS target USING ${rows} WHERE ${same}`;
  const set = assignableNames(table)
    .map((column) => `${column} = image.${column}`)
    .join(", ");
  // Only to its default can a generated column be set.
  const [generated] = table.columns.filter((column) => column.isGenerated);
  if (set === "" && generated !== undefined)
    return `UPDATE ${name} AS target SET ${quoteName(generated.name)} = DEFAULT FROM ${rows} WHERE ${same}`;
  return `UPDATE ${name} AS target SET ${set} FROM ${rows} WHERE ${same}`;
}

function assignableNames(table: Table): string[] {
  const assignable = table.columns.filter((column) => !column.isGenerated && !column.isIdentityAlways);
  return assignable.map((column) => quoteName(column.name));
}

/** By primary key; without one, by all that was written, or all that there is. */
function sameRow(table: Table): string {
  if (table.primaryKey.length > 0) {
    return table.primaryKey
      .map((column) => `target.${quoteName(column)} = image.${quoteName(column)}`)
      .join(" AND ");
  }
  const written = writtenColumns(table);
  const compared = written.length > 0 ? written : table.columns.map(({ name }) => quoteName(name));
  if (compared.length === 0) return "true"; // All of its rows are the same row.
  return compared.map((column) => `target.${column} IS NOT DISTINCT FROM image.${column}`).join(" AND ");
}
