/** A foreign key as the catalog has it, and how PostgreSQL words its violation. */
import { SqlError } from "../base/index.ts";

/** What happens to the rows that reference a row that goes, or whose key changes. */
export type ForeignKeyAction = "none" | "cascade" | "setNull" | "setDefault";

interface Name {
  readonly schema: string;
  readonly name: string;
}

export interface ForeignKey {
  readonly name: string;
  readonly child: Name;
  readonly parent: Name;
  /** Of the child, in the order of `parentColumns`. */
  readonly columns: readonly string[];
  readonly parentColumns: readonly string[];
  /** Defaults of the child's columns, as SQL. */
  readonly defaults: readonly string[];
  /** The columns that ON DELETE SET NULL or SET DEFAULT is for; empty: all. */
  readonly setOnDelete: readonly string[];
  readonly onDelete: ForeignKeyAction;
  readonly onUpdate: ForeignKeyAction;
  readonly isMatchFull: boolean;
  readonly isDeferrable: boolean;
  readonly isDeferred: boolean;
}

/** Asks for the foreign keys from and to the table `c`, as a JSON array. */
export const foreignKeysQuery = `
SELECT coalesce(json_agg(json_build_object(
  'name', k.conname,
  'child', json_build_object('schema', cn.nspname, 'name', cc.relname),
  'parent', json_build_object('schema', pn.nspname, 'name', pc.relname),
  'columns', (SELECT json_agg(a.attname ORDER BY key.place)
    FROM unnest(k.conkey) WITH ORDINALITY AS key(attnum, place), pg_attribute a
    WHERE a.attrelid = k.conrelid AND a.attnum = key.attnum),
  'parentColumns', (SELECT json_agg(a.attname ORDER BY key.place)
    FROM unnest(k.confkey) WITH ORDINALITY AS key(attnum, place), pg_attribute a
    WHERE a.attrelid = k.confrelid AND a.attnum = key.attnum),
  'defaults', (SELECT json_agg(coalesce(pg_get_expr(d.adbin, d.adrelid), 'NULL') ORDER BY key.place)
    FROM unnest(k.conkey) WITH ORDINALITY AS key(attnum, place)
    LEFT JOIN pg_attrdef d ON d.adrelid = k.conrelid AND d.adnum = key.attnum),
  'setOnDelete', coalesce((SELECT json_agg(a.attname) FROM pg_attribute a
    WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.confdelsetcols)), '[]'),
  'onDelete', CASE k.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'setNull' WHEN 'd' THEN 'setDefault' ELSE 'none' END,
  'onUpdate', CASE k.confupdtype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'setNull' WHEN 'd' THEN 'setDefault' ELSE 'none' END,
  'isMatchFull', k.confmatchtype = 'f', 'isDeferrable', k.condeferrable, 'isDeferred', k.condeferred
) ORDER BY k.conname), '[]')
FROM pg_constraint k
JOIN pg_class cc ON cc.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = cc.relnamespace
JOIN pg_class pc ON pc.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = pc.relnamespace
WHERE k.contype = 'f' AND (k.conrelid = c.oid OR k.confrelid = c.oid)`;

export function isSame(one: Name, other: Name): boolean {
  return one.schema === other.schema && one.name === other.name;
}

/** @param key - the values, or undefined where MATCH FULL is violated by a NULL among them */
export function missingParent(
  { name, child, parent, columns }: ForeignKey,
  key: string | undefined,
): SqlError {
  return new SqlError({
    sqlstate: "23503",
    message: `insert or update on table "${child.name}" violates foreign key constraint "${name}"`,
    detail:
      key === undefined
        ? "MATCH FULL does not allow mixing of null and nonnull key values."
        : `Key (${columns.join(", ")})=(${key}) is not present in table "${parent.name}".`,
    objects: { schema: child.schema, table: child.name, constraint: name },
  });
}

export function stillReferenced({ name, child, parent, parentColumns }: ForeignKey, key: string): SqlError {
  return new SqlError({
    sqlstate: "23503",
    message: `update or delete on table "${parent.name}" violates foreign key constraint "${name}" on table "${child.name}"`,
    detail: `Key (${parentColumns.join(", ")})=(${key}) is still referenced from table "${child.name}".`,
    objects: { schema: child.schema, table: child.name, constraint: name },
  });
}
