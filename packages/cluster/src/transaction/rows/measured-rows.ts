/** The sizes of rows that PostgreSQL has measured, held against the limits on keys, values and rows. */
import { limits as facts, loweredLimitDetail } from "@dsql-local/spec";
import { type LimitValues, SqlError } from "../../base/index.ts";
import type { Requester } from "../../backend/index.ts";
import { qualifiedName, quoteName, type Table, textArray } from "../../catalog/index.ts";

export class MeasuredRows {
  readonly #table: Table;
  readonly #limits: LimitValues;
  /** Places of rows that may be too large, as text. */
  readonly #large: string[] = [];
  #bytes = 0;
  #largestKey = 0;

  constructor(table: Table, limits: LimitValues) {
    this.#table = table;
    this.#limits = limits;
  }

  /** @param measured - as `RowSize.measure` gives it */
  add(measured: string): void {
    const [bytes = "0", key = "0", place] = measured.split(" ");
    this.#largestKey = Math.max(this.#largestKey, Number(key));
    if (place === undefined) this.#bytes += Number(bytes);
    else this.#large.push(place);
  }

  /**
   * @returns the bytes that all rows count together
   * @throws {SqlError} 54000 a key, a value or a row is too large
   */
  async total(hold: Requester): Promise<number> {
    if (this.#largestKey > this.#limits.keyBytesMax) throw keyTooLarge(this.#limits);
    return this.#large.length === 0 ? this.#bytes : this.#bytes + (await this.#largeBytes(hold));
  }

  /** Large values count as they are stored, that is compressed. */
  async #largeBytes(hold: Requester): Promise<number> {
    const varying = this.#table.columns.filter(({ isFixed }) => !isFixed);
    const sizes = varying.map(({ name }) => `coalesce(pg_catalog.pg_column_size(${quoteName(name)}), 0)`);
    const { rows } = await hold.request(
      `SELECT ${sizes.join(", ")} FROM ONLY ${qualifiedName(this.#table)} WHERE ctid = ANY ($1::pg_catalog.tid[])`,
      [textArray(this.#large)],
    );
    let total = 0;
    for (const row of rows) {
      const bytes = row.map(Number);
      for (const [index, column] of varying.entries()) {
        // A value as large as that is stored apart from its row, without a header.
        if ((bytes[index] ?? 0) > this.#limits.valueBytesMax) throw valueTooLarge(column.type, this.#limits);
      }
      const sum = bytes.reduce((left, right) => left + right, 0);
      if (sum > this.#limits.rowBytesMax) throw rowTooLarge(this.#limits);
      total += sum;
    }
    return total;
  }
}

function keyTooLarge({ keyBytesMax }: LimitValues): SqlError {
  return SqlError.of(facts.keyBytesMax, {
    detail: loweredLimitDetail("keyBytesMax", keyBytesMax),
    hint: `The columns of a key share ${facts.keyBytesMax.value} bytes; a secondary index also holds the primary key.`,
  });
}

function rowTooLarge({ rowBytesMax }: LimitValues): SqlError {
  return SqlError.of(facts.rowBytesMax, { detail: loweredLimitDetail("rowBytesMax", rowBytesMax) });
}

function valueTooLarge(type: string, { valueBytesMax }: LimitValues): SqlError {
  // As the service names it: json and jsonb are one.
  const shown = type === "json" ? "jsonb" : type.replace(/\(.*$/, "");
  return SqlError.of(facts.valueBytesMax, {
    message: `${facts.valueBytesMax.message} ${shown}`,
    detail: loweredLimitDetail("valueBytesMax", valueBytesMax),
  });
}
