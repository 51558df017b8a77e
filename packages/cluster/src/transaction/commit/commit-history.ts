/**
 * What PostgreSQL forgets when a transaction has committed, but a transaction with an older snapshot must still heed.
 *
 * - FOR KEY SHARE leaves no trace, yet it beats a later DELETE, FOR UPDATE or change of the key.
 * - A row that was deleted is gone from PostgreSQL's unique indexes, yet in an older snapshot its key is taken.
 *
 * Sequence numbers order commits: what is committed after a snapshot was taken has a higher one.
 */
import type { Clock } from "../../base/index.ts";
import type { Table } from "../catalog/table.ts";

/** Rows that a committed transaction had locked FOR KEY SHARE. */
export interface KeyShare {
  readonly table: Table;
  /** In the text form of the table's row type. */
  readonly images: readonly string[];
}

interface Remembered extends KeyShare {
  readonly sequence: number;
  readonly atMs: number;
}

/** Shares remembered; at the bound the oldest is forgotten, and its conflict with it. */
const keySharesMax = 10_000;

export class CommitHistory {
  readonly #clock: Clock;
  readonly #ageMsMax: number;
  readonly #keyShares: Remembered[] = [];
  readonly #freed = new Map<string, number>();
  #sequence = 0;

  /** @param ageMsMax - no transaction is older, so nothing older needs to be remembered */
  constructor(clock: Clock, ageMsMax: number) {
    this.#clock = clock;
    this.#ageMsMax = ageMsMax;
  }

  /** To be taken before a snapshot is. */
  get sequence(): number {
    return this.#sequence;
  }

  /** @param relations - names of the relations in which keys have been freed */
  freed(relations: ReadonlySet<string>): void {
    if (relations.size === 0) return;
    this.#sequence += 1;
    for (const relation of relations) this.#freed.set(relation, this.#sequence);
  }

  hasFreedKeys(relation: string, since: number): boolean {
    return (this.#freed.get(relation) ?? 0) > since;
  }

  shared(shares: readonly KeyShare[]): void {
    const atMs = this.#clock.monotonicMs();
    while ((this.#keyShares[0]?.atMs ?? Infinity) < atMs - this.#ageMsMax) this.#keyShares.shift();
    for (const share of shares) {
      this.#sequence += 1;
      this.#keyShares.push({ ...share, sequence: this.#sequence, atMs });
    }
    this.#keyShares.splice(0, Math.max(0, this.#keyShares.length - keySharesMax));
  }

  /** Shares committed after a snapshot was taken, in the relations of these names. */
  keySharesSince(sequence: number, relations: ReadonlySet<string>): readonly KeyShare[] {
    return this.#keyShares.filter((share) => share.sequence > sequence && relations.has(share.table.name));
  }
}
