/** The statements that bring the rows of a table into its copy, and see that they are there. Each runs a range of keys at a time. */
import { quoteIdentifier } from "../../identifiers.ts";
import type { BatchedStatement, Comparison, TypeChange } from "../types.ts";
import type { ColumnShape, TableShape } from "./table-shape.ts";

/** The column's new value, beside all old ones: {@link CopiedRows.#from}. */
const newValue = '"dsql_value"';
const copy = '"dsql_next"';

export class CopiedRows {
  readonly #change: TypeChange;
  readonly #shape: TableShape;
  readonly #tables: { readonly next: string; readonly old: string };
  /** The table's own name: an expression after USING may say it. */
  readonly #alias: string;
  /** Generated ones fill themselves. */
  readonly #columns: readonly ColumnShape[];

  constructor(change: TypeChange, shape: TableShape, tables: { next: string; old: string }) {
    this.#change = change;
    this.#shape = shape;
    this.#tables = tables;
    this.#alias = quoteIdentifier(shape.name);
    this.#columns = shape.columns.filter(({ is_generated }) => !is_generated);
  }

  /** @param table - with the name that it has before the exchange */
  copy(table: string): BatchedStatement {
    return this.#ofSource(table, this.#insertFrom(table));
  }

  /** Rows of the copy that have been changed or deleted since. */
  removeStale(): BatchedStatement {
    const { next, old } = this.#tables;
    const head = `DELETE FROM ${next} AS ${copy}`;
    const filter = `NOT EXISTS (SELECT FROM ${this.#from(old)} WHERE ${[...this.#sameOldKey(), ...this.#sameValues()].join(" AND ")})`;
    return {
      sql: `${head} WHERE ${filter}`,
      table: next,
      alias: copy,
      head,
      where: "",
      tail: "",
      filter,
      changes: [],
    };
  }

  /** Rows that the copy has not, or has no more. */
  addMissing(): BatchedStatement {
    const { next, old } = this.#tables;
    const filter = `NOT EXISTS (SELECT FROM ${next} AS ${copy} WHERE ${this.#sameNewKey().join(" AND ")})`;
    return this.#ofSource(old, this.#insertFrom(old), filter);
  }

  comparison(): Comparison {
    const { next, old } = this.#tables;
    const filter = `EXISTS (SELECT FROM ${next} AS ${copy} WHERE ${[...this.#sameNewKey(), ...this.#sameValues()].join(" AND ")})`;
    const head = `SELECT count(*) AS same FROM ${this.#from(old)}`;
    return { source: old, target: next, same: this.#ofSource(old, head, filter) };
  }

  #ofSource(table: string, head: string, filter?: string): BatchedStatement {
    const sql = filter === undefined ? head : `${head} WHERE ${filter}`;
    const batched = { sql, table, alias: this.#alias, head, where: "", tail: "", changes: [] };
    return filter === undefined ? batched : { ...batched, filter };
  }

  #insertFrom(table: string): string {
    const names = this.#columns.map(({ name }) => quoteIdentifier(name)).join(", ");
    const values = this.#columns.map(({ name }) => this.#value(name)).join(", ");
    const overriding = this.#columns.some(({ identity }) => identity === "ALWAYS")
      ? " OVERRIDING SYSTEM VALUE"
      : "";
    return `INSERT INTO ${this.#tables.next} (${names})${overriding} SELECT ${values} FROM ${this.#from(table)}`;
  }

  #from(table: string): string {
    const { column, type, using } = this.#change;
    const expression = `CAST(${using === undefined ? quoteIdentifier(column) : `(${using})`} AS ${type})`;
    return `(SELECT ${this.#alias}.*, ${expression} AS ${newValue} FROM ${table} AS ${this.#alias}) AS ${this.#alias}`;
  }

  /** What the copy shall have in a column. */
  #value(name: string): string {
    return `${this.#alias}.${name === this.#change.column ? newValue : quoteIdentifier(name)}`;
  }

  /** The key's index of the copy can be used by this. */
  #sameNewKey(): string[] {
    return this.#shape.key.map((name) => `${copy}.${quoteIdentifier(name)} = ${this.#value(name)}`);
  }

  /** The key's index of the old table can be used by this, if a cast leads back from the new type. */
  #sameOldKey(): string[] {
    const { column, using } = this.#change;
    const canGoBack = this.#shape.canGoBack && using === undefined;
    if (!canGoBack && this.#shape.key.includes(column)) return this.#sameNewKey();
    return this.#shape.key.map((name) => {
      const key = `${copy}.${quoteIdentifier(name)}`;
      const type = this.#columns.find((one) => one.name === name)?.type ?? "";
      return `${this.#alias}.${quoteIdentifier(name)} = ${name === column ? `CAST(${key} AS ${type})` : key}`;
    });
  }

  /** As texts: not every type can be compared, and 1.0 is not 1.00. */
  #sameValues(): string[] {
    return this.#columns.map(
      ({ name }) =>
        `CAST(${this.#value(name)} AS text) IS NOT DISTINCT FROM CAST(${copy}.${quoteIdentifier(name)} AS text)`,
    );
  }
}
