/**
 * Tells a row that is still referenced from a lost race: PostgreSQL refuses to delete a parent with 23503 also for a
 * child that was committed after the transaction's snapshot. On DSQL the child's insertion counts as FOR KEY SHARE of its
 * parent, so there the deletion loses at COMMIT.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL", conflict matrix.
 * Tests: conformance/isolation/foreign-key-child-after-the-snapshot.script.
 */
import type { Requester } from "../backend/request.ts";
import type { ErrorFieldMap } from "../../wire/index.ts";
import { quoteName } from "./table.ts";

/**
 * @param hold - of the transaction, with its effects in place up to the refused statement
 * @param fields - of PostgreSQL's 23503
 * @returns whether all that still references the row was committed since the snapshot
 */
export async function isReferencedByOthersOnly(
  hold: Requester,
  system: Requester,
  fields: ErrorFieldMap,
): Promise<boolean> {
  // PostgreSQL leaves the values out when the role may not read the key; then it is taken at its word.
  const values = /^Key \(.*?\)=\((.*)\) is still referenced from table /s.exec(fields.get("D") ?? "")?.[1];
  if (values === undefined) return false;
  const [schema = "", table = "", constraint = ""] = ["s", "t", "n"].map((field) => fields.get(field));
  const child = `${quoteName(schema)}.${quoteName(table)}`;
  const columns = await referencingColumns(system, child, constraint);
  if (columns.length === 0) return false;
  // As PostgreSQL wrote them. Without the index, but this is no common error.
  const written = columns.map((column) => `${quoteName(column)}::text`).join(" || ', ' || ");
  const { tag } = await hold.request(`SELECT FROM ${child} WHERE ${written} = $1 LIMIT 1`, [values]);
  return tag === "SELECT 0";
}

async function referencingColumns(
  system: Requester,
  child: string,
  constraint: string,
): Promise<readonly string[]> {
  const { rows } = await system.request(
    `SELECT a.attname FROM pg_constraint k, unnest(k.conkey) WITH ORDINALITY AS key(attnum, place), pg_attribute a
     WHERE k.conrelid = to_regclass($1) AND k.conname = $2 AND k.contype = 'f'
       AND a.attrelid = k.conrelid AND a.attnum = key.attnum
     ORDER BY key.place`,
    [child, constraint],
  );
  return rows.map(([name]) => name ?? "");
}
