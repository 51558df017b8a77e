/**
 * One table as a doomed transaction sees it: the rows of its snapshot, less those it has changed or deleted, plus its
 * own rows as images.
 */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../../base/index.ts";
import {
  hasKeyOfImages,
  keyValuesOfImages,
  matchesKeyOfImages,
  qualifiedName,
  quoteName,
  type Table,
  textArray,
  type UniqueKey,
} from "../../catalog/index.ts";
import { quoteLiteral } from "@dsql-local/sql";
import { isNotAllowed, type Requester } from "../../backend/index.ts";

/** Column names that no table of a user has: they carry where a row came from. */
export const placeColumn = '"dsql place"';
export const nthColumn = '"dsql nth"';

/** What one table's own rows may take; beyond that the client hears at the statement that it has lost. */
export const shadowBytesMax = 64 * 1024 * 1024;

/** A row that a statement has changed or removed. */
export interface ChangedRow {
  /** Where it stood in the snapshot; otherwise it was one of the transaction's own. */
  readonly place?: string | undefined;
  readonly own?: string | undefined;
  /** Undefined: it is gone. */
  readonly next?: string | undefined;
}

export class ShadowTable {
  readonly table: Table;
  /** Places (`ctid`) of snapshot rows that no longer count. */
  readonly #hidden = new Set<string>();
  #images: (string | undefined)[] = [];
  #hidesAll = false;
  /** Of all images that it has had. */
  #bytes = 0;

  constructor(table: Table) {
    this.table = table;
  }

  get isUntouched(): boolean {
    return this.#hidden.size === 0 && this.#images.length === 0 && !this.#hidesAll;
  }

  hide(place: string): void {
    this.#hidden.add(place);
  }

  add(image: string): void {
    this.#images.push(image);
    this.#grow(image);
  }

  /** The image that `source` gives as nth. */
  imageAt(nth: number): string | undefined {
    return this.#images[nth - 1];
  }

  #grow(image: string): void {
    this.#bytes += image.length;
    if (this.#bytes > shadowBytesMax) throw SqlError.of(errors.dataConflict);
  }

  /** Puts another image, or none, in the place of the one given as nth by `source`. */
  replace(nth: number, image: string | undefined): void {
    this.#images[nth - 1] = image;
    if (image !== undefined) this.#grow(image);
  }

  /** From now on the table consists of these rows alone. */
  become(images: readonly string[]): void {
    this.#hidesAll = true;
    this.#hidden.clear();
    this.#images = [...images];
  }

  /**
   * A subquery, in parentheses and without alias, that gives the table's columns as the transaction sees them.
   *
   * @param identified - with two more columns: a row's place in the snapshot, or the number of its image
   */
  source(identified: "identified" | "plain" = "plain"): string {
    const name = qualifiedName(this.table);
    const columns = this.table.columns.map((column) => `base.${quoteName(column.name)}`);
    const rows = this.table.columns.map((column) => `(image.text::${name}).${quoteName(column.name)}`);
    if (identified === "identified") {
      columns.push(`base.ctid AS ${placeColumn}`, `NULL::bigint AS ${nthColumn}`);
      rows.push("NULL::pg_catalog.tid", "image.nth");
    }
    const conditions = this.#hidesAll ? " WHERE false" : this.#hiddenCondition();
    const fromBase = `SELECT ${columns.join(", ")} FROM ONLY ${name} AS base${conditions}`;
    if (this.#images.length === 0) return `(${fromBase})`;
    const images = quoteLiteral(textArray(this.#images));
    const fromImages = `SELECT ${rows.join(", ")} FROM pg_catalog.unnest(${images}::pg_catalog.text[]) WITH ORDINALITY AS image(text, nth) WHERE image.text IS NOT NULL`;
    return `(${fromBase} UNION ALL ${fromImages})`;
  }

  /** Where the rows with the primary keys of some images stand now. */
  async placesOf(
    hold: Requester,
    images: readonly string[],
  ): Promise<readonly { place: string | undefined; nth: number | undefined }[]> {
    if (this.table.primaryKey.length === 0 || images.length === 0) return [];
    const { rows } = await hold.request(
      `SELECT ${placeColumn}::pg_catalog.text, ${nthColumn}::pg_catalog.text FROM ${this.source("identified")} AS seen
       WHERE ${hasKeyOfImages(this.table, this.table.primaryKey, "$1")}`,
      [textArray(images)],
    );
    return rows.map(([place, nth]) => ({
      place: place ?? undefined,
      nth: nth === null || nth === undefined ? undefined : Number(nth),
    }));
  }

  /** Takes away the rows that have the primary keys of the images. @returns those rows */
  async removeByKey(hold: Requester, images: readonly string[]): Promise<readonly ChangedRow[]> {
    const removed: ChangedRow[] = [];
    for (const { place, nth } of await this.placesOf(hold, images)) {
      if (place !== undefined) this.hide(place);
      if (place !== undefined) removed.push({ place });
      if (nth === undefined) continue;
      removed.push({ own: this.imageAt(nth) });
      this.replace(nth, undefined);
    }
    return removed;
  }

  /**
   * @param images - one of the two rows is among these; undefined: any two
   * @returns the first unique key that two rows share, with its value
   */
  async duplicate(
    hold: Requester,
    images?: readonly string[],
  ): Promise<{ index: string; key: string } | undefined> {
    for (const key of this.table.uniqueKeys) {
      const { rows } = await hold.request(
        this.#duplicateQuery(key, images !== undefined),
        images === undefined ? [] : [textArray(images)],
      );
      const value = rows[0]?.[0];
      if (value === undefined) continue;
      return { index: key.index, key: `(${key.expressions.join(", ")})=(${value ?? ""})` };
    }
    return undefined;
  }

  #duplicateQuery(key: UniqueKey, isAmongImages: boolean): string {
    const names = key.expressions.map((_, place) => `"dsql key ${place}"`);
    const values = key.expressions.map((expression, place) => `${expression} AS ${names[place] ?? ""}`);
    const counted = key.predicate === undefined ? [] : [`(${key.predicate})`];
    const notNull = key.nullsNotDistinct ? [] : names.map((name) => `${name} IS NOT NULL`);
    const conditions = isAmongImages ? [matchesKeyOfImages(this.table, key, names, "$1")] : notNull;
    if (isAmongImages) counted.push(mayShareKey(this.table, key, "$1"));
    // As PostgreSQL's error writes them.
    const written = names.map((name) => `coalesce(pg_catalog.format('%s', ${name}), 'null')`);
    // Two rows of one key are what PostgreSQL's planner knows cannot be: without the fence (OFFSET 0) it would stop
    // at the first of them.
    return (
      `SELECT pg_catalog.concat_ws(', ', ${written.join(", ")}) ` +
      `FROM (SELECT ${values.join(", ")} FROM ${this.source()} AS fenced ${where(counted)} OFFSET 0) AS seen ` +
      `${where(conditions)} GROUP BY ${names.join(", ")} HAVING pg_catalog.count(*) > 1 LIMIT 1`
    );
  }

  #hiddenCondition(): string {
    return this.#hidden.size === 0
      ? ""
      : ` WHERE base.ctid <> ALL (${quoteLiteral(textArray([...this.#hidden]))}::pg_catalog.tid[])`;
  }
}

/** What PostgreSQL's index finds the rows by: the first value of the key alone. */
function mayShareKey(table: Table, key: UniqueKey, images: string): string {
  const [first = ""] = key.expressions;
  const found = `${first} = ANY (ARRAY(${keyValuesOfImages(table, key, images, 1)}))`;
  return key.nullsNotDistinct ? `(${found} OR ${first} IS NULL)` : found;
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}

/**
 * Checks what PostgreSQL's unique indexes would, for rows that are in no index.
 *
 * @throws {SqlError} 23505 in PostgreSQL's words
 */
export async function checkUnique(
  hold: Requester,
  shadow: ShadowTable,
  images: readonly string[],
): Promise<void> {
  const duplicate = await shadow.duplicate(hold, images).catch((error: unknown) => {
    // A role that may not read the table cannot be told; its COMMIT fails anyway.
    if (isNotAllowed(error)) return undefined;
    throw error;
  });
  if (duplicate === undefined) return;
  throw new SqlError({
    sqlstate: "23505",
    message: `duplicate key value violates unique constraint "${duplicate.index}"`,
    detail: `Key ${duplicate.key} already exists.`,
    objects: { schema: shadow.table.schema, table: shadow.table.name, constraint: duplicate.index },
  });
}
