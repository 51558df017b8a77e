/**
 * A table of many tenants of which one can only ask for one tenant's rows.
 *
 * The tenant is the first argument of every method and of a type of its own, so that no text taken from elsewhere passes for
 * one; it leads the primary key, so that a tenant's rows lie together. A row of another tenant is not there: it is not found,
 * not changed and not deleted. To write one is refused.
 *
 * Source: Development Guide, "Multi-Tenant Isolation".
 */
import type { QueryResultRow } from "pg";
import { UsageError } from "../errors.ts";
import { quoteIdentifier, quoteList, quoteTable } from "../identifiers.ts";
import type { Queryable } from "./queryable.ts";

declare const isTenantId: unique symbol;

/** Made by {@link tenantId} only, from what the authentication says; never from what a request asks for. */
export type TenantId = string & { readonly [isTenantId]: true };

/**
 * The one way to a {@link TenantId}. Take the text from the authentication, never from the request.
 * @throws UsageError if it is empty
 */
export function tenantId(text: string): TenantId {
  if (text === "") throw new UsageError("a tenant id is not empty");
  return text as TenantId;
}

/** A row was to be written that names another tenant. */
export class CrossTenantError extends Error {
  override readonly name = "CrossTenantError";

  constructor() {
    super("the row names another tenant than the one it is written for");
  }
}

/** The table, its key and its columns. The tenant leads the primary key. */
export interface TenantTableOptions<Row> {
  readonly table: string | readonly string[];
  /** `tenant_id` by default. */
  readonly tenantColumn?: string | undefined;
  /** The rest of the primary key, behind the tenant. */
  readonly key: keyof Row & string;
  /** Every column but the tenant's. No other is ever read or written. */
  readonly columns: readonly (keyof Row & string)[];
}

/** Rows of a page at most. */
const pageRowsMax = 1_000;

/** A table of many tenants, of which each call sees one: a query without a tenant does not compile. */
export class TenantTable<Row extends QueryResultRow> {
  readonly #table: string;
  readonly #tenantColumn: string;
  readonly #key: keyof Row & string;
  readonly #columns: readonly (keyof Row & string)[];

  constructor(options: TenantTableOptions<Row>) {
    this.#table = quoteTable(options.table);
    this.#tenantColumn = options.tenantColumn ?? "tenant_id";
    this.#key = options.key;
    this.#columns = options.columns;
    if (!options.columns.includes(options.key)) throw new UsageError("the key is one of the columns");
    if (options.columns.includes(this.#tenantColumn))
      throw new UsageError("the tenant is not among the columns");
  }

  async find(db: Queryable, tenant: TenantId, key: unknown): Promise<Row | undefined> {
    const { rows } = await db.query<Row>(`${this.#select} AND ${quoteIdentifier(this.#key)} = $2`, [
      tenant,
      key,
    ]);
    return rows[0];
  }

  /** By key. @param page.after - the last key of the page before: no OFFSET, which would read what it skips */
  async list(
    db: Queryable,
    tenant: TenantId,
    page: { limit?: number; after?: unknown } = {},
  ): Promise<Row[]> {
    const key = quoteIdentifier(this.#key);
    const limit = Math.min(page.limit ?? 100, pageRowsMax);
    const values = page.after === undefined ? [tenant, limit] : [tenant, limit, page.after];
    const after = page.after === undefined ? "" : `AND ${key} > $3`;
    const { rows } = await db.query<Row>(`${this.#select} ${after} ORDER BY ${key} LIMIT $2`, values);
    return rows;
  }

  /** @throws {CrossTenantError} the row has a tenant of its own, and another */
  async insert(db: Queryable, tenant: TenantId, row: Partial<Row>): Promise<void> {
    const columns = this.#columnsOf(tenant, row);
    const names = quoteList([this.#tenantColumn, ...columns]);
    const places = columns.map((_, index) => `$${index + 2}`);
    const text = `INSERT INTO ${this.#table} (${names}) VALUES (${["$1", ...places].join(", ")})`;
    await db.query(text, [tenant, ...columns.map((column) => row[column])]);
  }

  /** @returns whether the tenant has such a row. @throws {CrossTenantError} the change would hand it to another tenant */
  async update(db: Queryable, tenant: TenantId, key: unknown, changes: Partial<Row>): Promise<boolean> {
    const columns = this.#columnsOf(tenant, changes);
    if (columns.length === 0) throw new UsageError("an update changes a column at least");
    const set = columns.map((column, index) => `${quoteIdentifier(column)} = $${index + 3}`).join(", ");
    const { rowCount } = await db.query(`UPDATE ${this.#table} SET ${set} ${this.#whereKey}`, [
      tenant,
      key,
      ...columns.map((column) => changes[column]),
    ]);
    return rowCount === 1;
  }

  /** @returns whether the tenant had such a row */
  async delete(db: Queryable, tenant: TenantId, key: unknown): Promise<boolean> {
    const { rowCount } = await db.query(`DELETE FROM ${this.#table} ${this.#whereKey}`, [tenant, key]);
    return rowCount === 1;
  }

  get #select(): string {
    return `SELECT ${quoteList(this.#columns)} FROM ${this.#table} WHERE ${quoteIdentifier(this.#tenantColumn)} = $1`;
  }

  get #whereKey(): string {
    return `WHERE ${quoteIdentifier(this.#tenantColumn)} = $1 AND ${quoteIdentifier(this.#key)} = $2`;
  }

  #columnsOf(tenant: TenantId, row: Partial<Row>): (keyof Row & string)[] {
    const named: unknown = row[this.#tenantColumn];
    if (named !== undefined && named !== tenant) throw new CrossTenantError();
    const given = Object.keys(row).filter((column) => column !== this.#tenantColumn);
    const unknown = given.find((column) => !this.#columns.includes(column));
    if (unknown !== undefined)
      throw new UsageError(`${this.#table} has no column ${quoteIdentifier(unknown)} here`);
    return given;
  }
}
