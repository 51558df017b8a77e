/**
 * SELECT … FOR UPDATE counts as a write: once committed it beats a concurrent writer of the row. FOR KEY SHARE beats
 * whoever removes the row or changes its key.
 *
 * PostgreSQL only locks. So rows locked FOR UPDATE are touched by an update of nothing just before COMMIT; rows locked FOR
 * KEY SHARE are remembered for as long as older snapshots may be open.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL" (conflict matrix).
 */
import type { ErrorFieldMap } from "../../wire/index.ts";
import { PostgresError, type Requester } from "../backend/request.ts";
import { hasKeyOfImages } from "../catalog/keys.ts";
import { qualifiedName, quoteName, type Table, textArray } from "../catalog/table.ts";
import type { AddedColumns } from "../plan/added-columns.ts";
import type { LockingPlan, LockStrength } from "../plan/locking.ts";
import type { KeyShare } from "./commit-history.ts";

/** Rows locked by one statement. */
export interface LockedRows {
  readonly table: Table;
  readonly strength: LockStrength;
  /** Their `ctid`s, as text. */
  readonly places: readonly string[];
}

/** Takes the places of locked rows out of the answer on its way to the client. */
export class LockRecorder {
  readonly #plan: LockingPlan;
  readonly #places: string[][];
  #hidden: readonly LockedRows[] = [];

  constructor(plan: LockingPlan) {
    this.#plan = plan;
    this.#places = plan.shown.map(() => []);
  }

  get added(): AddedColumns | undefined {
    const count = this.#plan.shown.length;
    if (count === 0) return undefined;
    return {
      count,
      hasRows: true,
      take: (values) => {
        for (const [index, place] of values.entries()) {
          // A row of the outer side of a join without a partner locks nothing.
          if (place !== null) this.#places[index]?.push(placeText(place));
        }
      },
    };
  }

  get hasHidden(): boolean {
    return this.#plan.hidden.length > 0;
  }

  /** Looks for the rows that the statement's subqueries have locked. */
  async findHidden(hold: Requester): Promise<void> {
    const { hidden, strength } = this.#plan;
    this.#hidden = await Promise.all(
      hidden.map(async (table) => ({ table, strength, places: await placesLockedBy(hold, table) })),
    );
  }

  get rows(): readonly LockedRows[] {
    const { shown, strength } = this.#plan;
    const places = shown.map((table, index) => ({ table, strength, places: this.#places[index] ?? [] }));
    return [...places, ...this.#hidden];
  }
}

/** A `ctid` in text form; a client that asks for binary results gets it as 4 bytes of block and 2 of offset. */
function placeText(place: Buffer): string {
  return place[0] === 0x28 // "("
    ? place.toString("latin1")
    : `(${place.readUInt32BE(0)},${place.readUInt16BE(4)})`;
}

/**
 * The rows of a table that the transaction holds locked. PostgreSQL writes the locker into the row's `xmax`, and the
 * locker is the subtransaction behind the base savepoint, whose number is told by the lock that it holds on itself.
 *
 * Scans the whole table. A row that others lock FOR KEY SHARE at the same time names them all and is not found.
 */
async function placesLockedBy(hold: Requester, table: Table): Promise<readonly string[]> {
  const { rows } = await hold.request(
    `SELECT ctid::text FROM ONLY ${qualifiedName(table)} WHERE xmax = ANY (ARRAY(
       SELECT transactionid FROM pg_catalog.pg_lock_status() WHERE pid = pg_backend_pid() AND locktype = 'transactionid'))`,
  );
  return rows.map(([place]) => place ?? "");
}

/** @returns PostgreSQL's error, if the rows cannot be touched */
export async function touchLockedRows(
  hold: Requester,
  locked: readonly LockedRows[],
): Promise<ErrorFieldMap | undefined> {
  for (const { table, strength, places } of locked) {
    if (strength !== "update") continue;
    const column = table.columns.find((one) => !one.isGenerated && !one.isIdentityAlways);
    if (column === undefined || places.length === 0) continue;
    const name = quoteName(column.name);
    const text = `UPDATE ${qualifiedName(table)} SET ${name} = ${name} WHERE ctid = ANY ($1::tid[])`;
    try {
      await hold.request(text, [textArray(places)]);
    } catch (error) {
      if (error instanceof PostgresError) return error.fields;
      throw error;
    }
  }
  return undefined;
}

/** The rows locked FOR KEY SHARE, as images: a place is good only while the transaction is open. */
export async function keySharesOf(hold: Requester, locked: readonly LockedRows[]): Promise<KeyShare[]> {
  const shares: KeyShare[] = [];
  for (const { table, strength, places } of locked) {
    if (strength !== "keyShare" || places.length === 0 || table.primaryKey.length === 0) continue;
    const { rows } = await hold.request(
      `SELECT (seen.*)::text FROM ${qualifiedName(table)} AS seen WHERE ctid = ANY ($1::tid[])`,
      [textArray(places)],
    );
    shares.push({ table, images: rows.map(([image]) => image ?? "") });
  }
  return shares;
}

/**
 * Whether some transaction now removes rows, changes their keys or holds them FOR UPDATE.
 *
 * Asked from outside: PostgreSQL gives a KEY SHARE lock on exactly the rows that nobody holds so.
 */
export async function areHeld(outside: Requester, { table, images }: KeyShare): Promise<boolean> {
  const rows = `${qualifiedName(table)} WHERE ${hasKeyOfImages(table, table.primaryKey, "$1")}`;
  const { rows: answer } = await outside.request(
    `SELECT (SELECT count(*) FROM ${rows}) - (SELECT count(*) FROM (SELECT FROM ${rows} FOR KEY SHARE SKIP LOCKED) AS free)`,
    [textArray(images)],
  );
  return Number(answer[0]?.[0] ?? 0) > 0;
}
