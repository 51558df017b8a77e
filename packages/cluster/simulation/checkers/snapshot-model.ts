/**
 * Snapshot isolation in its plainest form: a snapshot is the whole database as it was, a transaction is a snapshot with
 * changes on top, a commit replaces the database.
 *
 * It is what the cluster is compared with, so it is written to be checked by reading, not to be fast.
 */
import { type CommitVerdict, judgeCommit, type Taking, type Takings } from "./first-committer-wins.ts";

/** A value that the server chooses (a random UUID, say). The first time it is seen decides what it is. */
export class ServerChosen {
  #value: string | undefined;

  matches(seen: string | null): boolean {
    this.#value ??= seen ?? undefined;
    return seen !== null && this.#value === seen;
  }

  toString(): string {
    return this.#value ?? "any";
  }
}

export interface Row {
  readonly id: number;
  readonly grp: number;
  readonly val: number | ServerChosen;
}

export type Table = "plain" | "keyed" | "random";

/** Names a row for good: its table and primary key. */
export type RowKey = `${Table}:${number}`;

export const rowKey = (table: Table, id: number): RowKey => `${table}:${id}`;

type State = ReadonlyMap<RowKey, Row>;

/** The committed database and what was taken by every transaction that made it. */
export class SnapshotModel {
  #state: State;
  readonly #commits: Takings<RowKey>[] = [];

  constructor(rows: Iterable<readonly [Table, Row]>) {
    this.#state = new Map([...rows].map(([table, row]) => [rowKey(table, row.id), row]));
  }

  begin(): ModelTransaction {
    return new ModelTransaction(this.#state, this.#commits.length);
  }

  verdict(transaction: ModelTransaction): CommitVerdict {
    return judgeCommit(transaction, this.#commits.slice(transaction.commitsSeen));
  }

  commit(transaction: ModelTransaction): void {
    if (transaction.takings.size === 0) return;
    const state = new Map(this.#state);
    for (const [key, row] of transaction.changes) {
      if (row === undefined) state.delete(key);
      else state.set(key, row);
    }
    this.#state = state;
    this.#commits.push(transaction.takings);
  }
}

export class ModelTransaction {
  readonly #snapshot: State;
  /** How many commits the snapshot contains. */
  readonly commitsSeen: number;
  /** What this transaction made of rows; undefined is a deleted row. */
  readonly changes = new Map<RowKey, Row | undefined>();
  readonly takings = new Map<RowKey, Set<Taking>>();
  /** Tables in which rows may have got the keys of others. */
  readonly #replacesIn = new Set<Table>();

  constructor(snapshot: State, commitsSeen: number) {
    this.#snapshot = snapshot;
    this.commitsSeen = commitsSeen;
  }

  get(table: Table, id: number): Row | undefined {
    const key = rowKey(table, id);
    return this.changes.has(key) ? this.changes.get(key) : this.#snapshot.get(key);
  }

  /** The rows of a table that pass, by ascending id. */
  rows(table: Table, passes: (row: Row) => boolean = () => true): Row[] {
    const keys = new Set([...this.#snapshot.keys(), ...this.changes.keys()]);
    return [...keys]
      .filter((key) => key.startsWith(`${table}:`))
      .map((key) => (this.changes.has(key) ? this.changes.get(key) : this.#snapshot.get(key)))
      .filter((row) => row !== undefined)
      .filter(passes)
      .sort((left, right) => left.id - right.id);
  }

  put(table: Table, row: Row): void {
    const before = this.get(table, row.id);
    // In "keyed" the group is part of a unique key.
    const isOfKey = before === undefined || (table === "keyed" && before.grp !== row.grp);
    this.#write(rowKey(table, row.id), row, isOfKey ? "key" : "otherColumns");
  }

  remove(table: Table, id: number): void {
    this.#write(rowKey(table, id), undefined, "key");
  }

  /** FOR UPDATE: a write that changes nothing. */
  lock(table: Table, id: number): void {
    this.#take(rowKey(table, id), "key");
  }

  /** FOR KEY SHARE. */
  share(table: Table, id: number): void {
    this.#take(rowKey(table, id), "share");
  }

  /** A statement deletes rows of the table or changes their keys, if only by its text. */
  mayReplace(table: Table): void {
    this.#replacesIn.add(table);
  }

  mayLookAsIfRemoved(key: RowKey): boolean {
    const table = key.slice(0, key.indexOf(":")) as Table;
    if (!this.#replacesIn.has(table)) return false;
    return this.takings.get(key)?.has("otherColumns") === true || !this.#snapshot.has(key);
  }

  /** A row that this transaction inserted and deleted again: it is neither in the snapshot nor in what was made of it. */
  leavesNoTrace(key: RowKey): boolean {
    return !this.#snapshot.has(key) && this.changes.has(key) && this.changes.get(key) === undefined;
  }

  #write(key: RowKey, row: Row | undefined, taking: Taking): void {
    this.changes.set(key, row);
    this.#take(key, taking);
  }

  #take(key: RowKey, taking: Taking): void {
    this.takings.set(key, (this.takings.get(key) ?? new Set()).add(taking));
  }
}
