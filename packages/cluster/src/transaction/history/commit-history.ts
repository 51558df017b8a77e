/**
 * What PostgreSQL forgets when a transaction has committed, but a transaction with an older snapshot must still heed.
 *
 * - FOR KEY SHARE leaves no trace, yet it beats a later DELETE, FOR UPDATE or change of the key.
 * - A row that was deleted is gone from PostgreSQL's unique indexes and its foreign keys, yet in an older snapshot it is there.
 *
 * A commit is announced before COMMIT is sent to PostgreSQL, and gets its number when the answer has come. Whoever asks does
 * so after PostgreSQL has answered its own statement. So what PostgreSQL has let an asker see or hold because of a commit was
 * announced before; and a commit that had its number when the asker took its place in the order, before its BEGIN was sent,
 * is in the asker's snapshot. No clock and no waiting is involved; docs/decisions/2026-12-01-announce-before-commit.md.
 */
import type { Announced, Clock } from "../../base/index.ts";
import type { Table } from "../../catalog/index.ts";

/** Rows that a transaction had locked FOR KEY SHARE. */
export interface KeyShare {
  readonly table: Table;
  /** As `lockMark` writes them. */
  readonly rows: readonly string[];
}

export interface Announcement {
  /** Names of the relations in which keys are freed: rows go, or columns change that are in a unique key. */
  readonly freed: ReadonlySet<string>;
  /** Names of the relations in which rows cease to reference others: they go, or columns of a foreign key change. */
  readonly released: ReadonlySet<string>;
  readonly shares: readonly KeyShare[];
}

interface Remembered extends KeyShare {
  readonly sequence: number;
  readonly atMs: number;
}

/** Rows remembered as shared; beyond that the oldest shares are, as if they were of all the table's rows. */
const sharedRowsMax = 100_000;
/** Shares remembered. */
const sharesMax = 10_000;

export class CommitHistory {
  readonly #clock: Clock;
  readonly #ageMsMax: number;
  readonly #pending = new Set<Announcement>();
  readonly #keyShares: Remembered[] = [];
  #sharedRows = 0;
  readonly #freed = new Map<string, number>();
  readonly #released = new Map<string, number>();
  /** The last share that has been forgotten, by relation. */
  readonly #forgotten = new Map<string, number>();
  #sequence = 0;

  /** @param ageMsMax - no transaction is older, so nothing older needs to be remembered */
  constructor(clock: Clock, ageMsMax: number) {
    this.#clock = clock;
    this.#ageMsMax = ageMsMax;
  }

  /** To be taken before the statement is sent that takes the snapshot. */
  get sequence(): number {
    return this.#sequence;
  }

  /** To be called before COMMIT is sent. */
  announce(announcement: Announcement): Announced {
    const { freed, released, shares } = announcement;
    if (freed.size === 0 && released.size === 0 && shares.length === 0) return nothingToSay;
    this.#pending.add(announcement);
    return {
      settle: () => {
        if (this.#pending.delete(announcement)) this.#note(announcement);
      },
      takeBack: () => {
        this.#pending.delete(announcement);
      },
    };
  }

  hasFreedKeys(relation: string, since: number): boolean {
    if ((this.#freed.get(relation) ?? 0) > since) return true;
    for (const { freed } of this.#pending) if (freed.has(relation)) return true;
    return false;
  }

  /** Rows of the relation may reference others in the snapshot, but not in the present. */
  hasReleased(relation: string, since: number): boolean {
    if ((this.#released.get(relation) ?? 0) > since) return true;
    for (const { released } of this.#pending) if (released.has(relation)) return true;
    return false;
  }

  /** Shares that are not in a snapshot, in the relations of these names. */
  keySharesSince(sequence: number, isMeant: (relation: string) => boolean): readonly KeyShare[] {
    const pending = [...this.#pending].flatMap(({ shares }) => shares);
    const settled = this.#keyShares.filter((share) => share.sequence > sequence);
    return [...settled, ...pending].filter((share) => isMeant(share.table.name));
  }

  /** A relation whose shares since then are too many to be known one by one. */
  hasForgottenShares(sequence: number, isMeant: (relation: string) => boolean): boolean {
    for (const [relation, last] of this.#forgotten) if (last > sequence && isMeant(relation)) return true;
    return false;
  }

  #note({ freed, released, shares }: Announcement): void {
    this.#sequence += 1;
    const sequence = this.#sequence;
    for (const relation of freed) this.#freed.set(relation, sequence);
    for (const relation of released) this.#released.set(relation, sequence);
    const atMs = this.#clock.monotonicMs();
    while ((this.#keyShares[0]?.atMs ?? Infinity) < atMs - this.#ageMsMax) this.#drop();
    for (const share of shares) {
      this.#keyShares.push({ ...share, sequence, atMs });
      this.#sharedRows += share.rows.length;
    }
    while (this.#sharedRows > sharedRowsMax || this.#keyShares.length > sharesMax) {
      const dropped = this.#drop();
      if (dropped === undefined) break;
      this.#forgotten.set(dropped.table.name, dropped.sequence);
    }
  }

  #drop(): Remembered | undefined {
    const oldest = this.#keyShares.shift();
    this.#sharedRows -= oldest?.rows.length ?? 0;
    return oldest;
  }
}

const nothingToSay: Announced = { settle: () => undefined, takeBack: () => undefined };
