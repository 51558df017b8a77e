/**
 * What a session keeps for its client under names that the client chooses: prepared statements, portals.
 *
 * Always true
 * - At most `countMax` of them, and at most `bytesMax` bytes; what would exceed either is refused with 53400.
 * - All that is kept is counted in the session's memory account, until it is let go of.
 *
 * Tests: kept-by-name.test.ts.
 */
import { type MemoryAccount, SqlError } from "../base/index.ts";

/** What an entry costs beyond the bytes that it is said to take. */
const entryOverheadBytes = 512;

export interface KeptBounds {
  /** In the plural, for the refusal. */
  readonly what: string;
  readonly countMax: number;
  readonly bytesMax: number;
  /** What the client can do at a bound: a sentence. */
  readonly hint: string;
}

export class KeptByName<Value> {
  readonly #bounds: KeptBounds;
  readonly #memory: MemoryAccount;
  readonly #entries = new Map<string, { readonly value: Value; readonly bytes: number }>();
  #bytes = 0;

  constructor(bounds: KeptBounds, memory: MemoryAccount) {
    this.#bounds = bounds;
    this.#memory = memory;
  }

  get(name: string): Value | undefined {
    return this.#entries.get(name)?.value;
  }

  *entries(): Iterable<readonly [name: string, value: Value]> {
    for (const [name, { value }] of this.#entries) yield [name, value];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /**
   * Takes the place of what had the name before.
   *
   * @param bytes - that the value takes, about
   * @throws {SqlError} 53400 a bound is reached; what had the name before is gone all the same
   */
  set(name: string, value: Value, bytes: number): void {
    this.delete(name);
    const { what, countMax, bytesMax, hint } = this.#bounds;
    const costs = bytes + 2 * name.length + entryOverheadBytes;
    const refusal =
      this.#entries.size >= countMax
        ? `a session keeps at most ${countMax} ${what}`
        : this.#bytes + costs > bytesMax
          ? `the ${what} of a session take at most ${bytesMax} bytes`
          : undefined;
    if (refusal !== undefined) throw new SqlError({ sqlstate: "53400", message: refusal, hint });
    this.#entries.set(name, { value, bytes: costs });
    this.#count(costs);
  }

  delete(name: string): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#count(-entry.bytes);
  }

  clear(): void {
    if (this.#entries.size === 0) return;
    this.#entries.clear();
    this.#count(-this.#bytes);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#memory.change(bytes);
  }
}
