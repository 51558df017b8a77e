/** Finding rows by the keys of others that are given as images, each in the text form of its table's row type. */
import { qualifiedName, quoteName, type Table, type UniqueKey } from "./table.ts";

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
  return `SELECT ${wanted} FROM pg_catalog.unnest(${images}::pg_catalog.text[]) AS image(text)`;
}

/**
 * A condition over the table's columns that holds for the rows that share the unique key with one of the images.
 *
 * @param images - SQL that gives a `text[]`
 */
export function sharesKeyOfImages(table: Table, key: UniqueKey, images: string): string {
  const counts = key.predicate === undefined ? "" : ` AND (${key.predicate})`;
  return `(${matchesKeyOfImages(table, key, key.expressions, images)}${counts})`;
}

/** As `sharesKeyOfImages`, with the values of the key given as SQL of their own, in the key's order. */
export function matchesKeyOfImages(
  table: Table,
  key: UniqueKey,
  values: readonly string[],
  images: string,
): string {
  const given = keyValuesOfImages(table, key, images);
  if (!key.nullsNotDistinct) return `(${values.join(", ")}) IN (${given})`;
  // The subquery has no column of the table's, so the values are the row's outside of it.
  const names = values.map((_, place) => `"dsql given ${place}"`);
  const same = values.map((value, place) => `given.${names[place] ?? ""} IS NOT DISTINCT FROM ${value}`);
  return `EXISTS (SELECT FROM (${given}) AS given(${names.join(", ")}) WHERE ${same.join(" AND ")})`;
}

/** A SELECT of the key's values, or of the first so many, from the images that the key counts. */
export function keyValuesOfImages(table: Table, key: UniqueKey, images: string, count = Infinity): string {
  const name = qualifiedName(table);
  const columns = table.columns.map(({ name: column }) => `(image.text::${name}).${quoteName(column)}`);
  const rows = `SELECT ${columns.join(", ")} FROM pg_catalog.unnest(${images}::pg_catalog.text[]) AS image(text)`;
  const counts = key.predicate === undefined ? "" : ` WHERE (${key.predicate})`;
  return `SELECT ${key.expressions.slice(0, count).join(", ")} FROM (${rows}) AS proposed${counts}`;
}
