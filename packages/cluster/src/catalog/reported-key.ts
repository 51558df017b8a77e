/**
 * Looks for the row that PostgreSQL's error speaks of, where the statement cannot be asked again: which rows does this
 * requester see that PostgreSQL would have described in the very same words?
 *
 * The words are compared as a whole and never taken apart: PostgreSQL writes them of the rows that are there, by the same
 * settings, so that no value is read back from its text. Every row of the table is looked at.
 *
 * Source: PostgreSQL, BuildIndexValueDescription and ri_ReportViolation.
 */
import { quoteLiteral } from "@dsql-local/sql";
import type { ErrorFieldMap } from "../wire/index.ts";
import { isNotAllowed, type Requester } from "../backend/index.ts";
import { quoteName } from "./table.ts";

/**
 * @param fields - of a 23505
 * @returns whether the requester sees a row with the key; undefined: PostgreSQL does not tell, the role may not read it
 */
export async function seesReportedKey(
  requester: Requester,
  fields: ErrorFieldMap,
): Promise<boolean | undefined> {
  const { schema, table, name, detail } = objectsOf(fields);
  if (detail === undefined) return undefined;
  const { rows } = await requester.request(keyParts, [schema, name]);
  const parts = rows.map(([part]) => part ?? "");
  if (parts.length === 0) return undefined;
  const written = `${keyText(parts.join(", "), parts)} || ' already exists.'`;
  const rowsOf = `${quoteName(schema)}.${quoteName(table)} AS seen`;
  return await finds(requester, `${rowsOf} WHERE ${written} = $1`, [detail]);
}

/**
 * @param fields - of a 23503 that says that a row is still referenced
 * @param isDone - the row is gone already, for a requester who checks at COMMIT; otherwise it is still there
 * @returns whether the requester sees a row that references it
 */
export async function seesReportedReference(
  requester: Requester,
  fields: ErrorFieldMap,
  isDone: boolean,
): Promise<boolean | undefined> {
  const { schema, table, name, detail } = objectsOf(fields);
  if (detail === undefined || !isOfParent(fields)) return undefined;
  const { rows } = await requester.request(referenceParts, [schema, table, name]);
  const [parentSchema, parentName] = rows[0] ?? [];
  if (typeof parentSchema !== "string" || typeof parentName !== "string") return undefined;
  const child = `${quoteName(schema)}.${quoteName(table)} AS child`;
  const parent = `${quoteName(parentSchema)}.${quoteName(parentName)} AS parent`;
  const keys = rows.map(([, , of = "", by = ""]) => ({ of: quoteName(of ?? ""), by: quoteName(by ?? "") }));
  const same = keys.map(({ of, by }) => `parent.${of} = child.${by}`).join(" AND ");
  if (isDone) {
    const references = keys.map(({ by }) => `child.${by} IS NOT NULL`).join(" AND ");
    const dangles = `${references} AND NOT EXISTS (SELECT FROM ONLY ${parent} WHERE ${same})`;
    return await finds(requester, `${child} WHERE ${dangles}`);
  }
  const names = rows.map(([, , of]) => of ?? "").join(", ");
  const parts = keys.map(({ of }) => `parent.${of}`);
  const written = `${keyText(names, parts)} || ${quoteLiteral(` is still referenced from table "${table}".`)}`;
  return await finds(requester, `${parent} JOIN ONLY ${child} ON ${same} WHERE ${written} = $1`, [detail]);
}

/** Of the two errors of a foreign key the one about the referenced row. */
function isOfParent(fields: ErrorFieldMap): boolean {
  return fields.get("M")?.startsWith("update or delete on table ") === true;
}

function objectsOf(fields: ErrorFieldMap): {
  schema: string;
  table: string;
  name: string;
  detail: string | undefined;
} {
  const [schema = "", table = "", name = ""] = ["s", "t", "n"].map((field) => fields.get(field));
  return { schema, table, name, detail: fields.get("D") };
}

/** `Key (a, b)=(1, null)`, as SQL; PostgreSQL writes values by their type's output, as format() does. */
function keyText(names: string, values: readonly string[]): string {
  const written = values.map((value) => `coalesce(pg_catalog.format('%s', ${value}), 'null')`);
  return `${quoteLiteral(`Key (${names})=(`)} || ${written.join(" || ', ' || ")} || ')'`;
}

async function finds(
  requester: Requester,
  rows: string,
  values: readonly string[] = [],
): Promise<boolean | undefined> {
  try {
    return (await requester.request(`SELECT FROM ONLY ${rows} LIMIT 1`, values)).tag !== "SELECT 0";
  } catch (error) {
    if (isNotAllowed(error)) return undefined;
    throw error;
  }
}

/** In the words of the error: asked where names are looked up as for the statement. */
const keyParts = `
SELECT pg_catalog.pg_get_indexdef(i.indexrelid, key.place, true)
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
CROSS JOIN pg_catalog.generate_series(1, i.indnkeyatts::pg_catalog.int4) AS key(place)
WHERE n.nspname = $1 AND c.relname = $2
ORDER BY key.place`;

const referenceParts = `
SELECT pn.nspname, p.relname, pa.attname, ca.attname
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
CROSS JOIN ROWS FROM (pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conkey)) WITH ORDINALITY AS key(parent, child, place)
JOIN pg_catalog.pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = key.parent
JOIN pg_catalog.pg_attribute ca ON ca.attrelid = c.oid AND ca.attnum = key.child
WHERE n.nspname = $1 AND c.relname = $2 AND k.conname = $3 AND k.contype = 'f'
ORDER BY key.place`;
