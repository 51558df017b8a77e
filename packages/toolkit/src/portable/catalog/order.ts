/**
 * The order in which objects are made: each after what it needs, by the catalog's own record of it, and else as they came
 * to be. What the record does not know, the tables that a function names in its text, is mostly right by the latter.
 */
import type { CatalogReader } from "./reader.ts";

/** Class and number of what needs another, and of the other. */
export interface Need {
  readonly dependent: string;
  readonly required: string;
}

/**
 * A view's needs are recorded for its rule, a default's and a check's for themselves: here they are those of the relation or
 * the domain. A rule's view is known by pg_depend itself: pg_rewrite is none of the catalogs that the service documents. A sequence that a column owns needs not be made after it, nor a table after those that it references.
 */
const needsQuery = `
  SELECT DISTINCT
    CASE WHEN need.classid IN ('pg_rewrite'::regclass, 'pg_attrdef'::regclass) OR conrelid <> 0 THEN 'pg_class'
         WHEN need.classid = 'pg_constraint'::regclass THEN 'pg_type' ELSE need.classid::regclass::text END
    || ':' || coalesce(rule.refobjid, adrelid, nullif(conrelid, 0), nullif(contypid, 0), need.objid) AS dependent,
    need.refclassid::regclass::text || ':' || need.refobjid AS required
  FROM pg_depend AS need
  LEFT JOIN pg_depend AS rule ON need.classid = 'pg_rewrite'::regclass AND rule.classid = need.classid
    AND rule.objid = need.objid AND rule.deptype = 'i'
  LEFT JOIN pg_attrdef ON need.classid = 'pg_attrdef'::regclass AND pg_attrdef.oid = need.objid
  LEFT JOIN pg_constraint ON need.classid = 'pg_constraint'::regclass AND pg_constraint.oid = need.objid
  WHERE need.deptype = 'n' AND (need.classid <> 'pg_constraint'::regclass OR contype = 'c')`;

/** With an empty search path the catalog's own relations are named with their schema, or without: by the server's will. */
const withoutSchema = (key: string): string => key.replace(/^pg_catalog\./, "");

export async function readNeeds(catalog: CatalogReader): Promise<Need[]> {
  const found = await catalog.rows<{ dependent: string; required: string }>(needsQuery);
  return found.map(({ dependent, required }) => ({
    dependent: withoutSchema(dependent),
    required: withoutSchema(required),
  }));
}

/** @returns the same objects; needs that go round in a circle are cut where they close it */
export function inOrderOfNeed<Item extends { readonly key: string; readonly oid: number }>(
  objects: readonly Item[],
  needs: readonly Need[],
): Item[] {
  const byKey = new Map(objects.map((object) => [object.key, object]));
  const required = new Map<string, Item[]>();
  for (const need of needs) {
    const item = byKey.get(need.required);
    if (item !== undefined && need.dependent !== need.required)
      required.set(need.dependent, [...(required.get(need.dependent) ?? []), item]);
  }
  const byAge = (left: Item, right: Item): number => left.oid - right.oid;
  const seen = new Set<Item>();
  const ordered: Item[] = [];
  const visit = (item: Item): void => {
    if (seen.has(item)) return;
    seen.add(item);
    for (const other of (required.get(item.key) ?? []).sort(byAge)) visit(other);
    ordered.push(item);
  };
  for (const item of [...objects].sort(byAge)) visit(item);
  return ordered;
}
