/** How a locked row is marked, so that it is known again in another transaction. */
import { quoteName, type Table } from "../../catalog/index.ts";

/** Columns of unique keys beside the primary one: who changes them changes a key, too. */
export function otherKeyColumns({ primaryKey, uniqueKeys }: Table): readonly string[] {
  const plain = uniqueKeys.filter(
    ({ columns, expressions, predicate }) => predicate === undefined && columns.length === expressions.length,
  );
  return [...new Set(plain.flatMap(({ columns }) => columns))].filter((name) => !primaryKey.includes(name));
}

/**
 * An expression that marks a row for good: a JSON array of its place, the transaction that wrote this version of it, its
 * primary key and `otherKeyColumns`. JSON has dates and numbers in one form, whatever the session's settings.
 *
 * @param alias - the table's name in the statement, quoted
 */
export function lockMark(alias: string, table: Table): string {
  const keys = [...table.primaryKey, ...otherKeyColumns(table)];
  const key = keys.map((column) => `, ${alias}.${quoteName(column)}`).join("");
  return `pg_catalog.json_build_array(${alias}.ctid, ${alias}.xmin${key})::pg_catalog.text`;
}

/** The `ctid` in a mark, as text; undefined for a row of the outer side of a join without a partner, which locks nothing. */
export function placeOf(mark: string): string | undefined {
  return /^\["(\(\d+,\d+\))"/.exec(mark)?.[1];
}

/** What a mark has of a column of `lockMark`'s keys, as a value. @param place - among these */
export function keyOfMark(table: Table, column: string, place: number): string {
  const type = table.columns.find(({ name }) => name === column)?.type ?? "text";
  return `CAST(mark OPERATOR(pg_catalog.->>) ${place + 2} AS ${type})`;
}

/**
 * A condition: the row has one of the marks of a JSON array. It is known by its primary key, by its place where the table has none.
 *
 * @param alias - of the table in the statement, quoted
 * @param parameter - where the statement gets the array
 */
export function hasMark(alias: string, table: Table, parameter: string): string {
  const keys = table.primaryKey.map(
    (name, place) => `${alias}.${quoteName(name)} = ${keyOfMark(table, name, place)}`,
  );
  const place = "(mark OPERATOR(pg_catalog.->>) 0)::pg_catalog.tid";
  const same = keys.length === 0 ? `${alias}.ctid = ${place}` : keys.join(" AND ");
  return `EXISTS (SELECT FROM pg_catalog.json_array_elements(${parameter}::pg_catalog.json) AS mark WHERE ${same})`;
}
