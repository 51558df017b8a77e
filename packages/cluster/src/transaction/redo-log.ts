/**
 * The writing and locking statements of an open transaction, kept to run them again after it was parked.
 *
 * Run again on the same snapshot a statement gives the same rows, with one exception: what is volatile
 * (`gen_random_uuid()`, also as a column's default, `nextval`, `random()`). Such a statement keeps the images of the
 * rows it gave, and redo writes those.
 *
 * Always true
 * - Redo leaves the same rows as the first run, or the transaction has lost.
 * - Nothing that the client has been told is contradicted.
 *
 * Tests: redo-log.test.ts, conformance/isolation, simulation.
 */
import { assert } from "../base/index.ts";
import { encodeBindArguments, encodeFrontend, type ErrorFieldMap } from "../wire/index.ts";
import type { Backend } from "./backend/backend.ts";
import { type Table, qualifiedName, quoteName, textArray } from "./catalog.ts";
import type { CopyInput, Execution, Sink } from "./execution.ts";
import { changedRowsOf } from "./limits.ts";
import { StatementExchange, statementFrames } from "./statement-exchange.ts";

/** Rows as a statement left them, each in the text form of its table's row type. */
export interface RowImages {
  readonly table: Table;
  readonly command: "insert" | "update" | "delete";
  readonly rows: readonly string[];
}

export interface RedoEntry {
  readonly execution: Execution;
  readonly tag: string;
  readonly images?: RowImages | undefined;
  readonly copy?: CopyInput | undefined;
}

export type RedoResult =
  | { readonly kind: "done" }
  | { readonly kind: "error"; readonly fields: ErrorFieldMap }
  | { readonly kind: "lost"; readonly error: Error };

export class RedoLog {
  readonly #entries: RedoEntry[] = [];

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  get entries(): readonly RedoEntry[] {
    return this.#entries;
  }

  add(entry: RedoEntry): void {
    this.#entries.push(entry);
  }

  /** Forgets what has changed or locked rows; what has changed settings stays. */
  keepSettings(): void {
    this.#entries.splice(0, this.#entries.length, ...this.#entries.filter(changesSettings));
  }

  /**
   * Runs the log on a backend whose transaction stands at its base savepoint.
   *
   * @returns the first error of PostgreSQL: the transaction has then to be rolled back to its base again
   * @throws {AssertionError} a statement changed another number of rows than the first time: a defect of this cluster
   */
  async run(backend: Backend): Promise<RedoResult> {
    return await runEntries(backend, this.#entries);
  }

  /** Runs only what has changed settings: all that a doomed transaction keeps of its own on the backend. */
  async runSettings(backend: Backend): Promise<RedoResult> {
    return await runEntries(backend, this.#entries.filter(changesSettings));
  }
}

function changesSettings({ execution }: RedoEntry): boolean {
  return execution.statement.kind === "set" || execution.statement.kind === "reset";
}

async function runEntries(backend: Backend, entries: readonly RedoEntry[]): Promise<RedoResult> {
  for (const entry of entries) {
    const result = await runEntry(backend, entry);
    if (result.kind !== "done") return result;
  }
  return { kind: "done" };
}

async function runEntry(backend: Backend, entry: RedoEntry): Promise<RedoResult> {
  if (entry.images !== undefined) return await runImages(backend, entry.images);
  const exchange = new StatementExchange(backend, entry.execution.prepared, {
    hold: false,
    sink: entry.copy === undefined ? undefined : new RecordedCopy(entry.copy),
  });
  const all = { ...entry.execution, portal: "", rowsMax: 0, rowsSent: 0, describe: false };
  backend.send(Buffer.concat(statementFrames(backend, all, false)), exchange);
  const result = await exchange.result;
  if (result.kind === "error" || result.kind === "lost") return result;
  const tag = result.kind === "complete" ? result.tag : "";
  assert(
    changedRowsOf(tag) === changedRowsOf(entry.tag),
    "a statement run again changes as many rows as before",
  );
  return { kind: "done" };
}

async function runImages(backend: Backend, images: RowImages): Promise<RedoResult> {
  if (images.rows.length === 0) return { kind: "done" };
  const text = imageStatement(images);
  const prepared = { id: 0, text, parameterTypes: [], uses: 0 };
  const exchange = new StatementExchange(backend, prepared, { hold: false });
  const bytes = Buffer.concat([
    encodeFrontend.parse("", text, []),
    encodeFrontend.bind("", "", encodeBindArguments([], [textArray(images.rows)], [])),
    encodeFrontend.execute("", 0),
    encodeFrontend.sync(),
  ]);
  backend.send(bytes, exchange);
  const result = await exchange.result;
  if (result.kind === "error" || result.kind === "lost") return result;
  const changed = result.kind === "complete" ? changedRowsOf(result.tag) : 0;
  assert(changed === images.rows.length, "as many rows are written again as there are images");
  return { kind: "done" };
}

/** A statement that writes the images in `$1` as the first run left them. */
export function imageStatement(images: RowImages): string {
  const { table } = images;
  const name = qualifiedName(table);
  const rows = `(SELECT (unnest($1::text[])::${name}).*) AS image`;
  const written = table.columns
    .filter((column) => !column.isGenerated)
    .map((column) => quoteName(column.name));
  const values = written.map((column) => `image.${column}`).join(", ");
  if (images.command === "insert") {
    const key = table.primaryKey.map(quoteName).join(", ");
    const assignments = assignableNames(table)
      .map((column) => `${column} = excluded.${column}`)
      .join(", ");
    // INSERT … ON CONFLICT DO UPDATE may have changed a row that was there. A row that is all identity cannot be.
    const action = assignments === "" ? "DO NOTHING" : `DO UPDATE SET ${assignments}`;
    const conflict = key === "" ? "" : ` ON CONFLICT (${key}) ${action}`;
    return `INSERT INTO ${name} (${written.join(", ")}) OVERRIDING SYSTEM VALUE SELECT ${values} FROM ${rows}${conflict}`;
  }
  const same = sameRow(table, written);
  if (images.command === "delete") return `DELETE FROM ${name} AS target USING ${rows} WHERE ${same}`;
  const set = assignableNames(table)
    .map((column) => `${column} = image.${column}`)
    .join(", ");
  return `UPDATE ${name} AS target SET ${set} FROM ${rows} WHERE ${same}`;
}

function assignableNames(table: Table): string[] {
  const assignable = table.columns.filter((column) => !column.isGenerated && !column.isIdentityAlways);
  return assignable.map((column) => quoteName(column.name));
}

/** By primary key; without one, by all that was written. */
function sameRow(table: Table, written: readonly string[]): string {
  if (table.primaryKey.length > 0) {
    return table.primaryKey
      .map((column) => `target.${quoteName(column)} = image.${quoteName(column)}`)
      .join(" AND ");
  }
  return written.map((column) => `target.${column} IS NOT DISTINCT FROM image.${column}`).join(" AND ");
}

/** Answers PostgreSQL's request for COPY data with what the client sent the first time. */
export class RecordedCopy implements Sink {
  readonly isFull = false;
  readonly #input: CopyInput;

  constructor(input: CopyInput) {
    this.#input = input;
  }

  parsed(): void {
    return;
  }

  bound(): void {
    return;
  }

  frame(): void {
    return;
  }

  async drained(): Promise<void> {
    return await Promise.resolve();
  }

  async copyIn(): Promise<CopyInput> {
    return await Promise.resolve(this.#input);
  }
}
