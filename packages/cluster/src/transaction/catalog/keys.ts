/** Finding rows by the keys of others that are given as images, each in the text form of its table's row type. */
import { qualifiedName, quoteName, type Table } from "./table.ts";

/**
 * A condition that holds for the rows whose key columns equal those of one of the images.
 *
 * @param columns - by name, at least one
 * @param images - SQL that gives a `text[]`
 */
export function hasKeyOfImages(table: Table, columns: readonly string[], images: string): string {
  const key = columns.map(quoteName);
  return `(${key.join(", ")}) IN (${keysOfImages(table, columns, images)})`;
}

/** A SELECT of these columns' values from the images. */
export function keysOfImages(table: Table, columns: readonly string[], images: string): string {
  const name = qualifiedName(table);
  const wanted = columns.map((column) => `(image.text::${name}).${quoteName(column)}`).join(", ");
  return `SELECT ${wanted} FROM unnest(${images}::text[]) AS image(text)`;
}
