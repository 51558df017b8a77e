/**
 * Tells a violated unique key from a lost race: PostgreSQL reports 23505 for both, DSQL only for a row that the
 * transaction can see.
 */
import type { ErrorFieldMap } from "../wire/index.ts";
import { quoteName } from "./catalog.ts";
import type { Requester } from "./backend/request.ts";

/**
 * @param fields - of PostgreSQL's 23505
 * @returns whether the row that holds the key is visible in the transaction's snapshot or was written by itself
 */
export async function keyIsVisible(hold: Requester, fields: ErrorFieldMap): Promise<boolean> {
  const schema = fields.get("s");
  const table = fields.get("t");
  const index = fields.get("n");
  // PostgreSQL leaves the detail out when the role may not read the key; then it is taken at its word.
  const values = /^Key \(.*?\)=\((.*)\) already exists\.$/s.exec(fields.get("D") ?? "")?.[1];
  if (schema === undefined || table === undefined || index === undefined || values === undefined) return true;
  const keys = await keyExpressions(hold, `${quoteName(schema)}.${quoteName(index)}`);
  if (keys.length === 0) return true;
  const name = `${quoteName(schema)}.${quoteName(table)}`;
  const parts = keys.length === 1 ? [values] : values.split(", ");
  if (parts.length === keys.length) {
    const same = keys.map((key, place) => `${key.expression} = $${place + 1}::${key.type}`).join(" AND ");
    return (await hold.request(`SELECT FROM ${name} WHERE ${same} LIMIT 1`, parts)).tag !== "SELECT 0";
  }
  // A value with a comma in it: compared as PostgreSQL wrote it, without the help of the index.
  const written = keys.map((key) => `(${key.expression})::text`).join(" || ', ' || ");
  return (
    (await hold.request(`SELECT FROM ${name} WHERE ${written} = $1 LIMIT 1`, [values])).tag !== "SELECT 0"
  );
}

async function keyExpressions(
  hold: Requester,
  index: string,
): Promise<readonly { expression: string; type: string }[]> {
  const { rows } = await hold.request(
    `SELECT pg_get_indexdef(i.indexrelid, key.place, true), format_type(a.atttypid, a.atttypmod)
     FROM pg_index i, generate_series(1, i.indnkeyatts) AS key(place), pg_attribute a
     WHERE i.indexrelid = to_regclass($1) AND a.attrelid = i.indexrelid AND a.attnum = key.place
     ORDER BY key.place`,
    [index],
  );
  return rows.map(([expression, type]) => ({ expression: expression ?? "", type: type ?? "text" }));
}
