/**
 * A query that stops reading. It asks the server for rows in portions (the protocol's Execute with a row count) and for no
 * more once it has enough, so that a table of any size costs the memory of a portion.
 */
import { DatabaseError, type FieldDef, Query, types as defaultTypes } from "pg";
import type { Transaction } from "../transaction.ts";

/** How much of a result is read. */
export interface ResultBounds {
  readonly rowsMax: number;
  /** Of the values' text. A row that alone has more is not given either. */
  readonly bytesMax: number;
}

/** What a statement has given, up to the bounds. */
export interface BoundedResult {
  readonly columns: readonly string[];
  /** Values as JSON has them; what JSON cannot hold exactly (bigint, numeric, timestamps, NaN) as PostgreSQL's text. */
  readonly rows: readonly (readonly unknown[])[];
  /** There are more rows than these. */
  readonly isTruncated: boolean;
  /** SELECT, INSERT, …; empty when the rows were not read to their end. */
  readonly command: string;
  /** Rows that the statement changed; undefined for one that reads, or whose rows were not read to their end. */
  readonly changedRows: number | undefined;
}

/** Rows asked for at a time: with values of 1 MiB, the service's largest, a portion fits in memory. */
const portionRows = 100;

const changes = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

/** As much of a `pg` connection as is used; its published types leave it out. */
interface Connection {
  execute(options: { portal: string; rows: number }): void;
  flush(): void;
  sync(): void;
}

interface Completion {
  readonly command: string | null;
  readonly rowCount: number | null;
  readonly fields: readonly FieldDef[];
}

/** Of the class that is extended; its published types leave it out. */
const { handleError: handleErrorOfQuery } = Query.prototype as unknown as {
  handleError: (this: unknown, error: Error, connection: Connection) => void;
};

/** One statement, as `pg` submits it; its rows are read up to the bounds and no further. */
export class BoundedQuery extends Query<unknown[]> {
  readonly #bounds: ResultBounds;
  readonly #rows: unknown[][] = [];
  #bytes = 0;
  #isTruncated = false;

  constructor(sql: string, parameters: readonly unknown[], bounds: ResultBounds) {
    super({
      text: sql,
      values: [...parameters],
      rowMode: "array",
      // Also without parameters: the simple protocol would take several statements.
      queryMode: "extended",
      rows: Math.min(portionRows, bounds.rowsMax + 1),
      types: { getTypeParser: parserOf },
    } as never);
    this.#bounds = bounds;
  }

  /** @param tx - what runs it, once */
  async runOn(tx: Pick<Transaction, "query">): Promise<BoundedResult> {
    const completion = await new Promise<Completion>((resolve, reject) => {
      this.on("row", (row) => {
        this.#keep(row);
      });
      this.on("error", reject);
      this.on("end", (result) => {
        resolve(result);
      });
      tx.query(this as never);
    });
    const command = completion.command ?? "";
    return {
      columns: completion.fields.map(({ name }) => name),
      rows: this.#rows,
      isTruncated: this.#isTruncated,
      command,
      // Of a SELECT in portions the server counts the last one only.
      changedRows: changes.has(command) ? (completion.rowCount ?? undefined) : undefined,
    };
  }

  /** Called by `pg` when a portion has come and there are more. */
  handlePortalSuspended(connection: Connection): void {
    if (this.#isTruncated) {
      connection.sync();
      return;
    }
    const left = this.#bounds.rowsMax + 1 - this.#rows.length;
    connection.execute({ portal: "", rows: Math.min(portionRows, left) });
    connection.flush();
  }

  /** Called by `pg`. Where rows are asked for in portions no Sync is on its way yet, and the server waits for one. */
  handleError(error: Error, connection: Connection): void {
    handleErrorOfQuery.call(this, error, connection);
    if (error instanceof DatabaseError) connection.sync();
  }

  #keep(row: unknown[]): void {
    if (this.#isTruncated) return;
    this.#bytes += row.reduce<number>((sum, value) => sum + bytesOf(value), 0);
    const isTooMuch = this.#bytes > this.#bounds.bytesMax || this.#rows.length >= this.#bounds.rowsMax;
    if (isTooMuch) this.#isTruncated = true;
    else this.#rows.push(row);
  }
}

function bytesOf(value: unknown): number {
  if (value === null || value === undefined) return 4;
  return Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value));
}

const { BOOL, INT2, INT4, JSON: json, JSONB, FLOAT4, FLOAT8 } = defaultTypes.builtins;
const exact = new Set<number>([BOOL, INT2, INT4, json, JSONB]);
const floats = new Set<number>([FLOAT4, FLOAT8]);

function parserOf(oid: number): (text: string) => unknown {
  if (exact.has(oid)) return defaultTypes.getTypeParser(oid) as (text: string) => unknown;
  if (floats.has(oid)) return finiteOrText;
  return (text) => text;
}

function finiteOrText(text: string): number | string {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}
