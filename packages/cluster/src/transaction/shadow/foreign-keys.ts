/**
 * Foreign keys in the shadow: both ends are looked up in the transaction's snapshot and its own rows, and the rows that
 * reference what has gone are changed, or stand in its way, as PostgreSQL would have it.
 *
 * Keys that are checked at COMMIT are not checked: the COMMIT of a doomed transaction fails anyway.
 *
 * Source: PostgreSQL, src/backend/utils/adt/ri_triggers.c.
 * Tests: test/foreign-keys-in-the-shadow.test.ts, simulation.
 */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../../base/index.ts";
import {
  type ForeignKey,
  type ForeignKeyAction,
  imageOf,
  isSame,
  missingParent,
  qualifiedName,
  quoteName,
  stillReferenced,
  textArray,
} from "../../catalog/index.ts";
import type { Hold } from "../hold.ts";
import { type ChangedRow, nthColumn, placeColumn, type ShadowTable } from "./shadow-table.ts";

export interface ForeignKeyContext {
  readonly hold: Hold;
  /** SET CONSTRAINTS has been used: which of the deferrable keys are checked when is not followed. */
  readonly hasSetConstraints: boolean;
  shadowOf(relation: { readonly schema: string; readonly name: string }): Promise<ShadowTable | undefined>;
}

/** Cascades of cascades; a longer chain ends the transaction early. */
const depthMax = 20;

/**
 * What has come into a table needs its parents.
 *
 * @param changed - the columns that have been set; undefined: all
 * @throws {SqlError} 23503
 */
export async function needParents(
  context: ForeignKeyContext,
  child: ShadowTable,
  images: readonly string[],
  changed?: ReadonlySet<string>,
): Promise<void> {
  if (images.length === 0) return;
  for (const key of child.table.foreignKeys) {
    if (!isSame(key.child, child.table) || isPutOff(context, key)) continue;
    if (changed !== undefined && !key.columns.some((column) => changed.has(column))) continue;
    const parent = await shadowOf(context, key.parent);
    const name = qualifiedName(child.table);
    const values = key.columns.map((column) => `(image.text::${name}).${quoteName(column)}`);
    const names = values.map((_, place) => `k${place}`);
    const same = names.map(
      (one, place) => `seen.${quoteName(key.parentColumns[place] ?? "")} = given.${one}`,
    );
    const isWhole = names.map((one) => `given.${one} IS NOT NULL`).join(" AND ");
    const isNothing = names.map((one) => `given.${one} IS NULL`).join(" AND ");
    const isMissing = `${isWhole} AND NOT EXISTS (SELECT FROM ${parent.source()} AS seen WHERE ${same.join(" AND ")})`;
    const isMixed = key.isMatchFull ? ` OR NOT (${isWhole}) AND NOT (${isNothing})` : "";
    const { rows } = await context.hold.request(
      `SELECT CASE WHEN ${isWhole} THEN ${keyText(names.map((one) => `given.${one}`))} END
       FROM (SELECT ${values.join(", ")} FROM pg_catalog.unnest($1::pg_catalog.text[]) AS image(text)) AS given(${names.join(", ")})
       WHERE ${isMissing}${isMixed} LIMIT 1`,
      [textArray(images)],
    );
    const [violation] = rows;
    if (violation !== undefined) throw missingParent(key, violation[0] ?? undefined);
  }
}

/**
 * What references a row that is gone, or whose key is another now, is in its way or goes with it.
 *
 * @param rows - already changed in the shadow
 * @throws {SqlError} 23503; 40001 the chain of cascades is too long
 */
export async function followReferences(
  context: ForeignKeyContext,
  parent: ShadowTable,
  rows: readonly ChangedRow[],
  depth = 0,
): Promise<void> {
  if (rows.length === 0) return;
  if (depth > depthMax) throw SqlError.of(errors.dataConflict);
  // PostgreSQL does what is to be done at once before it checks what must not be.
  const keys = parent.table.foreignKeys.filter((key) => isSame(key.parent, parent.table));
  const acting = keys.filter((key) => key.onDelete !== "none" || key.onUpdate !== "none");
  for (const key of acting) await act(context, parent, key, rows, depth);
  for (const key of keys) {
    if (isPutOff(context, key)) continue;
    const child = await shadowOf(context, key.child);
    const gone = await goneKeys(context, parent, key, child, rows);
    const still = gone.find((row) => actionOf(key, row.isDeleted) === "none");
    if (still !== undefined) throw stillReferenced(key, still.key);
  }
}

async function act(
  context: ForeignKeyContext,
  parent: ShadowTable,
  key: ForeignKey,
  rows: readonly ChangedRow[],
  depth: number,
): Promise<void> {
  const child = await shadowOf(context, key.child);
  const changed: ChangedRow[] = [];
  for (const row of await goneKeys(context, parent, key, child, rows)) {
    const action = actionOf(key, row.isDeleted);
    if (action === "none") continue;
    const next = action === "cascade" && row.isDeleted ? undefined : row.next[action];
    const own = row.place === undefined ? child.imageAt(row.nth) : undefined;
    if (row.place === undefined) child.replace(row.nth, next);
    else {
      child.hide(row.place);
      if (next !== undefined) child.add(next);
    }
    changed.push({ place: row.place, own, next });
  }
  const images = changed.flatMap(({ next }) => (next === undefined ? [] : [next]));
  await needParents(context, child, images);
  await followReferences(context, child, changed, depth + 1);
}

interface Referencing {
  /** Of the parent's key, as PostgreSQL's error writes it. */
  readonly key: string;
  readonly isDeleted: boolean;
  readonly place: string | undefined;
  readonly nth: number;
  /** The referencing row as each action would leave it. */
  readonly next: Readonly<Record<ForeignKeyAction, string | undefined>>;
}

/** The rows that reference what the changed rows were, where nothing has that key any more. */
async function goneKeys(
  { hold }: ForeignKeyContext,
  parent: ShadowTable,
  key: ForeignKey,
  child: ShadowTable,
  changed: readonly ChangedRow[],
): Promise<readonly Referencing[]> {
  const name = qualifiedName(parent.table);
  const columns = key.parentColumns.map(quoteName);
  const next = columns.map((column) => `(change.next::${name}).${column}`).join(", ");
  const names = columns.map((_, place) => `k${place}`).join(", ");
  const nextNames = columns.map((_, place) => `n${place}`).join(", ");
  const was = `
    SELECT ${columns.map((column) => `base.${column}`).join(", ")}, change.next IS NULL, ${next}
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.tid[]), pg_catalog.unnest($2::pg_catalog.text[])) AS change(place, next)
    JOIN ONLY ${name} AS base ON base.ctid = change.place
    UNION ALL
    SELECT ${columns.map((column) => `(change.own::${name}).${column}`).join(", ")}, change.next IS NULL, ${next}
    FROM ROWS FROM (pg_catalog.unnest($3::pg_catalog.text[]), pg_catalog.unnest($4::pg_catalog.text[])) AS change(own, next)`;
  const references = key.columns.map((column, place) => `child.${quoteName(column)} = gone.k${place}`);
  const isThere = columns.map((column, place) => `seen.${column} = gone.k${place}`).join(" AND ");
  const values = columns.map((_, place) => `gone.k${place}`);
  const image = (valueOf: (place: number) => string, only: readonly string[] = []): string => {
    const written = child.table.columns.map((column) => {
      const place = key.columns.indexOf(column.name);
      const isSet = place >= 0 && (only.length === 0 || only.includes(column.name));
      return isSet ? `CAST(${valueOf(place)} AS ${column.type})` : `child.${quoteName(column.name)}`;
    });
    return imageOf(child.table, `ROW(${written.join(", ")})::${qualifiedName(child.table)}`);
  };
  const { rows } = await hold.request(
    `SELECT ${keyText(values)}, gone.is_deleted, child.${placeColumn}::pg_catalog.text, child.${nthColumn}::pg_catalog.text,
       CASE WHEN NOT gone.is_deleted THEN ${image((place) => `gone.n${place}`)} END,
       CASE WHEN gone.is_deleted THEN ${image(() => "NULL", key.setOnDelete)} ELSE ${image(() => "NULL")} END,
       CASE WHEN gone.is_deleted THEN ${image((place) => key.defaults[place] ?? "NULL", key.setOnDelete)}
         ELSE ${image((place) => key.defaults[place] ?? "NULL")} END
     FROM (${was}) AS gone(${names}, is_deleted, ${nextNames})
     JOIN ${child.source("identified")} AS child ON ${references.join(" AND ")}
     WHERE NOT EXISTS (SELECT FROM ${parent.source()} AS seen WHERE ${isThere})`,
    changesOf(changed),
  );
  return rows.map(([written, isDeleted, place, nth, cascade, setNull, setDefault]) => ({
    key: written ?? "",
    isDeleted: isDeleted === "t",
    place: place ?? undefined,
    nth: Number(nth ?? 0),
    next: {
      none: undefined,
      cascade: cascade ?? undefined,
      setNull: setNull ?? undefined,
      setDefault: setDefault ?? undefined,
    },
  }));
}

function changesOf(changed: readonly ChangedRow[]): readonly string[] {
  const placed = changed.filter(({ place }) => place !== undefined);
  const own = changed.filter(({ place }) => place === undefined);
  return [
    textArray(placed.map(({ place }) => place ?? "")),
    arrayWithNulls(placed.map(({ next }) => next)),
    textArray(own.map(({ own: image }) => image ?? "")),
    arrayWithNulls(own.map(({ next }) => next)),
  ];
}

function arrayWithNulls(values: readonly (string | undefined)[]): string {
  return `{${values.map((value) => (value === undefined ? "NULL" : textArray([value]).slice(1, -1))).join(",")}}`;
}

/**
 * Whether a table, as the transaction sees it, has rows without parents, or is missed by rows of others. What a statement
 * has done to whole tables is judged by this.
 *
 * @throws {SqlError} 23503; 40001 where a cascade would have had to follow
 */
export async function checkWholeTable(context: ForeignKeyContext, target: ShadowTable): Promise<void> {
  for (const key of target.table.foreignKeys) {
    if (isPutOff(context, key)) continue;
    const [child, parent] = [await shadowOf(context, key.child), await shadowOf(context, key.parent)];
    const columns = key.columns.map((column) => `child.${quoteName(column)}`);
    const same = columns.map(
      (column, place) => `parent.${quoteName(key.parentColumns[place] ?? "")} = ${column}`,
    );
    const { rows } = await context.hold.request(
      `SELECT ${keyText(columns)} FROM ${child.source()} AS child
       WHERE ${columns.map((column) => `${column} IS NOT NULL`).join(" AND ")}
         AND NOT EXISTS (SELECT FROM ${parent.source()} AS parent WHERE ${same.join(" AND ")}) LIMIT 1`,
    );
    const dangling = rows[0]?.[0];
    if (dangling === undefined || dangling === null) continue;
    if (isSame(key.child, target.table)) throw missingParent(key, dangling);
    if (key.onDelete === "none" && key.onUpdate === "none") throw stillReferenced(key, dangling);
    throw SqlError.of(errors.dataConflict);
  }
}

function actionOf(key: ForeignKey, isDeleted: boolean): ForeignKeyAction {
  return isDeleted ? key.onDelete : key.onUpdate;
}

function isPutOff({ hasSetConstraints }: ForeignKeyContext, key: ForeignKey): boolean {
  return key.isDeferred || (key.isDeferrable && hasSetConstraints);
}

async function shadowOf(
  context: ForeignKeyContext,
  relation: { readonly schema: string; readonly name: string },
): Promise<ShadowTable> {
  const shadow = await context.shadowOf(relation);
  // Dropped meanwhile, say: the transaction has lost twice.
  if (shadow === undefined) throw SqlError.of(errors.dataConflict);
  return shadow;
}

/** `1, null`, as SQL; as PostgreSQL's errors write a key. */
function keyText(values: readonly string[]): string {
  return values.map((value) => `coalesce(pg_catalog.format('%s', ${value}), 'null')`).join(" || ', ' || ");
}
