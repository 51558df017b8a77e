/**
 * What a transaction has used of its limits: its age, the rows it has changed, the bytes it has written.
 *
 * Source: Aurora DSQL User Guide, "Cluster quotas and database limits". Age is judged at the next statement and at COMMIT, a
 * running statement is not interrupted; rows at the statement that crosses; bytes at COMMIT.
 */
import { errors } from "@dsql-local/spec";
import { type Clock, type LimitValues, SqlError } from "../../base/index.ts";

const mebibyte = 1024 * 1024;

export class Budget {
  readonly #clock: Clock;
  readonly #limits: LimitValues;
  readonly #beganMs: number;
  #rows = 0;
  #bytes = 0;

  constructor(clock: Clock, limits: LimitValues) {
    this.#clock = clock;
    this.#limits = limits;
    this.#beganMs = clock.monotonicMs();
  }

  /** Rows changed so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  get ageMs(): number {
    return this.#clock.monotonicMs() - this.#beganMs;
  }

  /** Until the transaction is too old; never negative. */
  get leftMs(): number {
    const endMs = this.#beganMs + this.#limits.transactionSecondsMax * 1_000;
    return Math.max(0, endMs - this.#clock.monotonicMs());
  }

  /** @throws {SqlError} 54000 */
  checkAge(): void {
    if (this.ageMs > this.#limits.transactionSecondsMax * 1_000) throw this.tooOld();
  }

  /** What a transaction hears that is older than it may be. */
  tooOld(): SqlError {
    const seconds = Math.floor(this.ageMs / 1_000);
    const { transactionSecondsMax } = this.#limits;
    return SqlError.of(errors.ageLimit, {
      detail: `Current transaction age ${seconds}s exceeds ${transactionSecondsMax}s`,
    });
  }

  /** @throws {SqlError} 54000 the statement has crossed the limit */
  addRows(rows: number): void {
    this.#rows += rows;
    const { rowsPerTransactionMax } = this.#limits;
    if (this.#rows <= rowsPerTransactionMax) return;
    throw SqlError.of(errors.rowLimit, {
      detail: `The transaction has changed ${this.#rows} rows; the limit is ${rowsPerTransactionMax}.`,
      hint: "Split the work into several transactions of 500 to 1,000 rows each.",
    });
  }

  addBytes(bytes: number): void {
    this.#bytes += bytes;
  }

  /** To be asked at COMMIT. @throws {SqlError} 54000 */
  checkBytes(): void {
    const { bytesPerTransactionMax } = this.#limits;
    if (this.#bytes > bytesPerTransactionMax) throw tooManyBytes(this.#bytes, bytesPerTransactionMax);
  }
}

function tooManyBytes(bytes: number, bytesMax: number): SqlError {
  const shown = (value: number): string => `${Number((value / mebibyte).toFixed(2))}mb`;
  return SqlError.of(errors.sizeLimit, {
    detail: `Current transaction size ${shown(bytes)} > ${shown(bytesMax)}`,
    hint: "Split the work into several transactions of 500 to 1,000 rows each.",
  });
}
