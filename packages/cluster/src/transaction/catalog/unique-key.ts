/**
 * Tells a violated unique key from a lost race: PostgreSQL reports 23505 for both, DSQL only for a row that the
 * transaction can see.
 */
import type { ErrorFieldMap } from "../../wire/index.ts";
import { quoteName } from "./table.ts";
import type { Requester } from "../backend/request.ts";

/**
 * @param hold - of the transaction, with its effects in place up to the refused statement
 * @param system - sees what is committed now
 * @param fields - of PostgreSQL's 23505
 * @returns `itself`: a row that the transaction sees, or two rows of one statement; `another`: a row committed since
 */
export async function whoHoldsKey(
  hold: Requester,
  system: Requester,
  fields: ErrorFieldMap,
): Promise<"itself" | "another"> {
  const schema = fields.get("s");
  const table = fields.get("t");
  const index = fields.get("n");
  // PostgreSQL leaves the detail out when the role may not read the key; then it is taken at its word.
  const values = /^Key \(.*?\)=\((.*)\) already exists\.$/s.exec(fields.get("D") ?? "")?.[1];
  if (schema === undefined || table === undefined || index === undefined || values === undefined)
    return "itself";
  const keys = await keyExpressions(system, `${quoteName(schema)}.${quoteName(index)}`);
  if (keys.length === 0) return "itself";
  const search = searchFor(`${quoteName(schema)}.${quoteName(table)}`, keys, values);
  if (await finds(hold, search)) return "itself";
  return (await finds(system, search)) ? "another" : "itself";
}

interface Search {
  readonly text: string;
  readonly values: readonly string[];
}

function searchFor(
  table: string,
  keys: readonly { expression: string; type: string }[],
  values: string,
): Search {
  const parts = keys.length === 1 ? [values] : values.split(", ");
  if (parts.length === keys.length) {
    const same = keys.map((key, place) => `${key.expression} = $${place + 1}::${key.type}`).join(" AND ");
    return { text: `SELECT FROM ${table} WHERE ${same} LIMIT 1`, values: parts };
  }
  // A value with a comma in it: compared as PostgreSQL wrote it, without the help of the index.
  const written = keys.map((key) => `(${key.expression})::text`).join(" || ', ' || ");
  return { text: `SELECT FROM ${table} WHERE ${written} = $1 LIMIT 1`, values: [values] };
}

async function finds(who: Requester, { text, values }: Search): Promise<boolean> {
  return (await who.request(text, values)).tag !== "SELECT 0";
}

async function keyExpressions(
  system: Requester,
  index: string,
): Promise<readonly { expression: string; type: string }[]> {
  // Indexes of the catalog keep a name as cstring, which nothing can be compared with.
  const { rows } = await system.request(
    `SELECT pg_get_indexdef(i.indexrelid, key.place, true),
            CASE WHEN a.atttypid = 'cstring'::regtype THEN 'name' ELSE format_type(a.atttypid, a.atttypmod) END
     FROM pg_index i, generate_series(1, i.indnkeyatts) AS key(place), pg_attribute a
     WHERE i.indexrelid = to_regclass($1) AND a.attrelid = i.indexrelid AND a.attnum = key.place
     ORDER BY key.place`,
    [index],
  );
  return rows.map(([expression, type]) => ({ expression: expression ?? "", type: type ?? "text" }));
}
