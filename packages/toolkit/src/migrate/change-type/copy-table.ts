/**
 * A second table with the column's new type: filled in batches while writers go on, then the old one is renamed, so that
 * nobody writes it any more; what had changed meanwhile is made good, the two are compared row by row, and the new one takes
 * the name.
 *
 * - Before the first renaming nothing is seen of it; between the two the table's name does not exist.
 * - Unique indexes are built between the two: rows that change places while they are copied would meet in them.
 * - Foreign keys come after the exchange, `NOT VALID` and then validated, so that no writer meets those of the copy.
 */
import { quoteLiteral } from "@dsql-local/sql";
import { quoteIdentifier } from "../../identifiers.ts";
import { ddlStep } from "../ddl-step.ts";
import { MigrationError } from "../errors.ts";
import { fitted } from "../recipes.ts";
import type { Step, TypeChange } from "../types.ts";
import { CopiedRows } from "./copied-rows.ts";
import type { ColumnShape, IndexShape, TableShape } from "./table-shape.ts";

const what = "copies the table with the new type, compares the two, and exchanges them by their names";

/** @throws {MigrationError} step: the table has no primary key to go through it by */
export async function copyTable(change: TypeChange, shape: TableShape): Promise<Step[]> {
  if (shape.key.length === 0) {
    throw new MigrationError("step", `${change.table} has no primary key to copy it by`, {
      remedy: "Make a new table that has one, fill it from this one, and exchange their names.",
    });
  }
  return await new TableCopy(change, shape).steps();
}

class TableCopy {
  readonly #change: TypeChange;
  readonly #shape: TableShape;
  readonly #table: string;
  readonly #next: string;
  readonly #old: string;
  readonly #steps: Step[] = [];

  constructor(change: TypeChange, shape: TableShape) {
    this.#change = change;
    this.#shape = shape;
    this.#table = this.#qualified(shape.name);
    this.#next = this.#qualified(fitted([shape.name], "next"));
    this.#old = this.#qualified(fitted([shape.name], "old"));
  }

  async steps(): Promise<Step[]> {
    const rows = new CopiedRows(this.#change, this.#shape, { next: this.#next, old: this.#old });
    await this.#createNext();
    this.#batches(rows.copy(this.#table));
    for (const index of this.#shape.indexes.filter(({ is_unique }) => !is_unique))
      await this.#createIndex(index);
    await this.#ddl(`ALTER TABLE ${this.#table} RENAME TO ${bareName(this.#old)}`);
    const firstUnseen = this.#steps.length;
    this.#batches(rows.removeStale());
    this.#batches(rows.addMissing());
    this.#steps.push({ kind: "compare", line: 0, changes: [what], comparison: rows.comparison() });
    await this.#beforeExchange();
    await this.#ddl(`ALTER TABLE ${this.#next} RENAME TO ${quoteIdentifier(this.#shape.name)}`);
    const unseen = this.#steps.splice(firstUnseen);
    this.#steps.push(...unseen.map((step) => ({ ...step, remedy: this.#wayBack() })));
    await this.#afterExchange();
    return this.#steps;
  }

  #wayBack(): string {
    return (
      `Correct what stands against it, and run dsql migrate up again: it goes on. Meanwhile ${this.#table} is called ` +
      `${this.#old}. To give up: ALTER TABLE ${this.#old} RENAME TO ${quoteIdentifier(this.#shape.name)}, then DROP TABLE ` +
      `${this.#next}, and dsql migrate repair --forget.`
    );
  }

  async #createNext(): Promise<void> {
    const { columns, key, constraints } = this.#shape;
    const primary = constraints.find(({ kind }) => kind === "p");
    const keyName = quoteIdentifier(nextName(primary?.name ?? "pkey"));
    const checks = constraints.filter(({ kind, is_valid }) => kind === "c" && is_valid);
    const parts = [
      ...columns.map((column) => this.#columnText(column)),
      `CONSTRAINT ${keyName} PRIMARY KEY (${key.map(quoteIdentifier).join(", ")})`,
      ...checks.map(({ name, definition }) => `CONSTRAINT ${quoteIdentifier(name)} ${definition}`),
    ];
    await this.#ddl(`CREATE TABLE ${this.#next} (\n  ${parts.join(",\n  ")}\n)`);
    for (const { privileges, grantee, is_grantable } of this.#shape.grants) {
      const option = is_grantable ? " WITH GRANT OPTION" : "";
      await this.#ddl(`GRANT ${privileges} ON TABLE ${this.#next} TO ${grantee}${option}`);
    }
  }

  #columnText({ name, type, not_null, expression, ...column }: ColumnShape): string {
    const isChanged = name === this.#change.column;
    const newType = isChanged ? this.#change.type : type;
    const parts = [quoteIdentifier(name), newType];
    if (column.is_generated) parts.push(`GENERATED ALWAYS AS (${expression ?? ""}) STORED`);
    else if (expression !== null)
      parts.push(`DEFAULT ${isChanged ? `CAST(${expression} AS ${newType})` : expression}`);
    if (column.identity !== null)
      parts.push(`GENERATED ${column.identity} AS IDENTITY (${column.sequence_options ?? ""})`);
    if (not_null) parts.push("NOT NULL");
    return parts.join(" ");
  }

  async #createIndex({ name, is_unique, definition }: IndexShape): Promise<void> {
    const keys = / USING \w+ (\(.*)$/s.exec(definition)?.[1] ?? "";
    const index = quoteIdentifier(nextName(name));
    await this.#ddl(`CREATE ${is_unique ? "UNIQUE " : ""}INDEX ASYNC ${index} ON ${this.#next} ${keys}`);
  }

  /** While nobody can name the table: what rows on the move would have stood against, and what new rows need. */
  async #beforeExchange(): Promise<void> {
    const { indexes, columns, constraints, references, owner, is_owner } = this.#shape;
    for (const index of indexes.filter(({ is_unique }) => is_unique)) await this.#createIndex(index);
    for (const { name } of indexes.filter(({ is_constraint }) => is_constraint)) {
      const constraint = quoteIdentifier(nextName(name));
      await this.#ddl(
        `ALTER TABLE ${this.#next} ADD CONSTRAINT ${constraint} UNIQUE USING INDEX ${constraint}`,
      );
    }
    for (const { name, definition } of constraints.filter(({ kind, is_valid }) => kind === "c" && !is_valid))
      await this.#ddl(`ALTER TABLE ${this.#next} ADD CONSTRAINT ${quoteIdentifier(name)} ${definition}`);
    for (const { name, identity, sequence } of columns) {
      if (identity === null || sequence === null) continue;
      const next = `pg_get_serial_sequence(${quoteLiteral(this.#next)}, ${quoteLiteral(name)})`;
      const sql = `SELECT setval(${next}, last_value, is_called) FROM ${sequence}`;
      this.#steps.push({ kind: "data", line: 0, changes: [what], statements: [sql] });
    }
    for (const { table, name } of references)
      await this.#ddl(`ALTER TABLE ${table} DROP CONSTRAINT ${quoteIdentifier(name)}`);
    if (!is_owner) await this.#ddl(`ALTER TABLE ${this.#next} OWNER TO ${quoteIdentifier(owner)}`);
  }

  async #afterExchange(): Promise<void> {
    const { columns, constraints, references } = this.#shape;
    const own = constraints.filter(({ kind }) => kind === "f");
    for (const foreignKey of [...references, ...own.map((one) => ({ ...one, table: this.#table }))])
      await this.#addForeignKey(foreignKey);
    for (const { name, identity, sequence } of columns) {
      if (identity !== null || sequence === null) continue;
      await this.#ddl(`ALTER SEQUENCE ${sequence} OWNED BY ${this.#table}.${quoteIdentifier(name)}`);
    }
    await this.#ddl(`DROP TABLE ${this.#old}`);
    await this.#giveNames();
    for (const statistics of this.#shape.statistics) await this.#ddl(statistics);
    await this.#addComments();
  }

  async #addForeignKey(key: { table: string; name: string; definition: string }): Promise<void> {
    const name = quoteIdentifier(key.name);
    const definition = key.definition.replace(/ NOT VALID$/, "");
    await this.#ddl(`ALTER TABLE ${key.table} ADD CONSTRAINT ${name} ${definition} NOT VALID`);
    if (definition === key.definition)
      await this.#ddl(`ALTER TABLE ASYNC ${key.table} VALIDATE CONSTRAINT ${name}`);
  }

  /** The names are free once the old table is gone. */
  async #giveNames(): Promise<void> {
    const { schema, name: table, constraints, indexes, columns } = this.#shape;
    for (const { name } of constraints.filter(({ kind }) => kind === "p" || kind === "u"))
      await this.#ddl(
        `ALTER TABLE ${this.#table} RENAME CONSTRAINT ${quoteIdentifier(nextName(name))} TO ${quoteIdentifier(name)}`,
      );
    for (const { name } of indexes.filter(({ is_constraint }) => !is_constraint))
      await this.#ddl(`ALTER INDEX ${this.#qualified(nextName(name))} RENAME TO ${quoteIdentifier(name)}`);
    for (const { name, identity, sequence } of columns) {
      // A longer name is not the one that PostgreSQL would have cut it to.
      const made = `${nextName(table)}_${name}_seq`;
      if (identity === null || sequence === null || Buffer.byteLength(made) > 63) continue;
      await this.#ddl(
        `ALTER SEQUENCE ${quoteIdentifier(schema)}.${quoteIdentifier(made)} RENAME TO ${bareName(sequence)}`,
      );
    }
  }

  async #addComments(): Promise<void> {
    const { comment, columns } = this.#shape;
    if (comment !== null) await this.#ddl(`COMMENT ON TABLE ${this.#table} IS ${quoteLiteral(comment)}`);
    for (const column of columns) {
      if (column.comment === null) continue;
      const name = `${this.#table}.${quoteIdentifier(column.name)}`;
      await this.#ddl(`COMMENT ON COLUMN ${name} IS ${quoteLiteral(column.comment)}`);
    }
  }

  async #ddl(sql: string): Promise<void> {
    this.#steps.push(await ddlStep({ sql, line: 0, changes: [what] }));
  }

  #batches(batched: Extract<Step, { kind: "batches" }>["batched"]): void {
    this.#steps.push({ kind: "batches", line: 0, changes: [what], batched });
  }

  #qualified(name: string): string {
    return `${quoteIdentifier(this.#shape.schema)}.${quoteIdentifier(name)}`;
  }
}

/** What it is called as long as the old one has its name. */
const nextName = (name: string): string => fitted([name], "next");

/** `"s"."t"` to `"t"`. A name in the catalog's own writing may also stand without quotes. */
const bareName = (qualified: string): string =>
  /(?:^|\.)("(?:[^"]|"")*"|[^".]+)$/.exec(qualified)?.[1] ?? qualified;
