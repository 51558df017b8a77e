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
import { PostgresError, type Requester } from "../../backend/index.ts";
import { qualifiedName, quoteName, type Table, textArray } from "../../catalog/index.ts";
import type { AddedColumns } from "./added-columns.ts";
import type { LockingPlan, LockStrength } from "../plan/locking.ts";
import type { KeyShare } from "../history/commit-history.ts";
import { hasMark, lockMark, placeOf } from "../plan/lock-marks.ts";

/** Rows locked by one statement. */
export interface LockedRows {
  readonly table: Table;
  readonly strength: LockStrength;
  /** As `lockMark` writes them. */
  readonly marks: readonly string[];
}

/** Takes the marks of locked rows out of the answer on its way to the client. */
export class LockRecorder {
  readonly #plan: LockingPlan;
  readonly #marks: string[][];
  #hidden: readonly LockedRows[] = [];

  constructor(plan: LockingPlan) {
    this.#plan = plan;
    this.#marks = plan.shown.map(() => []);
  }

  get added(): AddedColumns | undefined {
    const count = this.#plan.shown.length;
    if (count === 0) return undefined;
    return {
      count,
      hasRows: true,
      take: (values) => {
        for (const [index, value] of values.entries()) {
          const mark = value?.toString("utf8") ?? "";
          if (placeOf(mark) !== undefined) this.#marks[index]?.push(mark);
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
      hidden.map(async (table) => ({ table, strength, marks: await marksLockedBy(hold, table) })),
    );
  }

  get rows(): readonly LockedRows[] {
    const { shown, strength } = this.#plan;
    const marks = shown.map((table, index) => ({ table, strength, marks: this.#marks[index] ?? [] }));
    return [...marks, ...this.#hidden];
  }
}

/**
 * A condition on a row: the transaction holds it locked. PostgreSQL writes the locker into the row's `xmax`, and the locker is
 * the subtransaction behind the base savepoint, whose number is told by the lock that it holds on itself.
 */
export const lockedByThis = `xmax = ANY (ARRAY(
  SELECT transactionid FROM pg_catalog.pg_lock_status()
  WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'transactionid'))`;

/**
 * The rows of a table that the transaction holds locked.
 *
 * Scans the whole table. A row that others lock FOR KEY SHARE at the same time names them all and is not found.
 */
async function marksLockedBy(hold: Requester, table: Table): Promise<readonly string[]> {
  const { rows } = await hold.request(
    `SELECT ${lockMark("seen", table)} FROM ONLY ${qualifiedName(table)} AS seen WHERE ${lockedByThis}`,
  );
  return rows.map(([mark]) => mark ?? "");
}

/** @returns whether all of them were there to be locked again */
export async function lockAgain(hold: Requester, locked: readonly LockedRows[]): Promise<boolean> {
  for (const { table, strength, marks } of locked) {
    if (marks.length === 0) continue;
    const clause = strength === "update" ? "FOR UPDATE" : "FOR KEY SHARE";
    const text = `SELECT FROM ONLY ${qualifiedName(table)} AS seen WHERE ${hasMark("seen", table, "$1")} ${clause}`;
    const { tag } = await hold.request(text, [`[${marks.join(",")}]`]);
    if (tag !== `SELECT ${marks.length}`) return false;
  }
  return true;
}

/** @returns PostgreSQL's error, if the rows cannot be touched */
export async function touchLockedRows(
  hold: Requester,
  locked: readonly LockedRows[],
): Promise<ErrorFieldMap | undefined> {
  for (const { table, strength, marks } of locked) {
    if (strength !== "update") continue;
    const places = marks.map((mark) => placeOf(mark) ?? "");
    const column = table.columns.find((one) => !one.isGenerated && !one.isIdentityAlways);
    if (column === undefined || places.length === 0) continue;
    const name = quoteName(column.name);
    const text = `UPDATE ${qualifiedName(table)} SET ${name} = ${name} WHERE ctid = ANY ($1::pg_catalog.tid[])`;
    try {
      await hold.request(text, [textArray(places)]);
    } catch (error) {
      if (error instanceof PostgresError) return error.fields;
      throw error;
    }
  }
  return undefined;
}

/** The rows locked FOR KEY SHARE. */
export function keySharesOf(locked: readonly LockedRows[]): readonly KeyShare[] {
  const shares = locked.filter(({ strength, marks }) => strength === "keyShare" && marks.length > 0);
  return shares.map(({ table, marks }) => ({ table, rows: marks }));
}
