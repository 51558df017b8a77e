/** Counts of a load, told now and then while it runs and in full at its end. */
import type { ChunkResult } from "./ledger.ts";
import {
  bulkLoadDefaults,
  BulkLoadError,
  type BulkLoadOptions,
  type BulkLoadProgress,
  type BulkLoadReport,
  type RejectedRow,
} from "./options.ts";

const progressMs = 250;

export class Tally {
  rowsRead = 0;
  rowsLoaded = 0;
  conflicts = 0;
  connections = 0;
  #rowsResumed = 0;
  #rowsIgnored = 0;
  readonly #rejected: RejectedRow[] = [];
  readonly #rejectedMax: number;
  readonly #onProgress: BulkLoadOptions["onProgress"];
  readonly #startedMs = performance.now();
  #toldMs = -Infinity;

  constructor(options: Pick<BulkLoadOptions, "onProgress" | "rejectedMax">) {
    this.#onProgress = options.onProgress;
    this.#rejectedMax = options.rejectedMax ?? bulkLoadDefaults.rejectedMax;
  }

  add(result: ChunkResult): void {
    this.rowsLoaded += result.loaded;
    this.#rowsIgnored += result.ignored;
    this.reject(result.rejected);
    if (performance.now() - this.#toldMs < progressMs) return;
    this.#tell();
  }

  /** A chunk that an earlier call has loaded. */
  resume(result: ChunkResult): void {
    this.#rowsResumed += result.loaded;
    this.add(result);
  }

  /** @throws {BulkLoadError} more rows are refused than may be */
  reject(rejected: readonly RejectedRow[]): void {
    this.#rejected.push(...rejected);
    if (this.#rejected.length <= this.#rejectedMax) return;
    const { line, reason } = this.#byLine()[0] ?? { line: 0, reason: "" };
    throw new BulkLoadError(
      `more than ${this.#rejectedMax} rows were refused, the first at line ${line}: ${reason}`,
      { rejected: this.#byLine() },
    );
  }

  report(loadId: string): BulkLoadReport {
    this.#tell();
    const { rowsResumed, rowsIgnored } = { rowsResumed: this.#rowsResumed, rowsIgnored: this.#rowsIgnored };
    return { ...this.#progress(), loadId, rowsResumed, rowsIgnored, rejected: this.#byLine() };
  }

  #tell(): void {
    this.#toldMs = performance.now();
    this.#onProgress?.(this.#progress());
  }

  #progress(): BulkLoadProgress {
    const { rowsRead, rowsLoaded, conflicts, connections } = this;
    const elapsedMs = performance.now() - this.#startedMs;
    return { rowsRead, rowsLoaded, rowsRejected: this.#rejected.length, conflicts, connections, elapsedMs };
  }

  #byLine(): RejectedRow[] {
    return this.#rejected.toSorted((left, right) => left.line - right.line);
  }
}
