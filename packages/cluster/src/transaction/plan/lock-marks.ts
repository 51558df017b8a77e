/** How a locked row is marked, so that it is known again in another transaction. */
import { quoteName, type Table } from "../../catalog/index.ts";

/**
 * An expression that marks a row for good: a JSON array of its place, the transaction that wrote this version of it, and its
 * primary key. JSON has dates and numbers in one form, whatever the session's settings.
 *
 * @param alias - the table's name in the statement, quoted
 */
export function lockMark(alias: string, { primaryKey }: Table): string {
  const key = primaryKey.map((column) => `, ${alias}.${quoteName(column)}`).join("");
  return `pg_catalog.json_build_array(${alias}.ctid, ${alias}.xmin${key})::pg_catalog.text`;
}

/** The `ctid` in a mark, as text; undefined for a row of the outer side of a join without a partner, which locks nothing. */
export function placeOf(mark: string): string | undefined {
  return /^\["(\(\d+,\d+\))"/.exec(mark)?.[1];
}
