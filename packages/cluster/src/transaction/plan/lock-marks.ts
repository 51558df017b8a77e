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

/**
 * A condition: the row has one of the marks of a JSON array. It is known by its primary key, by its place where the table has none.
 *
 * @param alias - of the table in the statement, quoted
 * @param parameter - where the statement gets the array
 */
export function hasMark(alias: string, { primaryKey, columns }: Table, parameter: string): string {
  const mark = (index: number, type: string): string =>
    `CAST(mark OPERATOR(pg_catalog.->>) ${index} AS ${type})`;
  const keys = primaryKey.map((name, index) => {
    const type = columns.find((column) => column.name === name)?.type ?? "text";
    return `${alias}.${quoteName(name)} = ${mark(index + 2, type)}`;
  });
  const same = keys.length === 0 ? `${alias}.ctid = ${mark(0, "pg_catalog.tid")}` : keys.join(" AND ");
  return `EXISTS (SELECT FROM pg_catalog.json_array_elements(${parameter}::pg_catalog.json) AS mark WHERE ${same})`;
}
