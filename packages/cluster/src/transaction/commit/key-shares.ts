/**
 * FOR KEY SHARE, once committed, beats whoever removes the row, changes its key or holds it FOR UPDATE. PostgreSQL forgets the
 * lock with its transaction, so the rows are remembered, and a transaction that is about to commit looks whether it holds one
 * of them so.
 *
 * It looks within its own transaction, as its own role, at rows that it sees: nothing is locked and nothing is waited for.
 * If PostgreSQL has let both have the row, the share's COMMIT has taken effect; so a share whose COMMIT is under way counts.
 *
 * Where only the outcome can be seen, one too many is refused rather than one too few: docs/decisions/2026-12-01-announce-before-commit.md.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL" (conflict matrix).
 * Tests: commit-history.test.ts, test/attack/key-shares.test.ts, simulation.
 */
import { PostgresError, type Requester } from "../../backend/index.ts";
import { qualifiedName, quoteName, type Table } from "../../catalog/index.ts";
import { keyOfMark, otherKeyColumns } from "../plan/lock-marks.ts";
import type { KeyShare } from "../history/commit-history.ts";
import { lockedByThis } from "../rows/locked-rows.ts";

/** What a transaction may hold of a table, beside what its statements have shown. */
export interface Holding {
  /** Marks of rows that it has locked FOR UPDATE. */
  readonly locked: readonly string[];
  /** It may have deleted rows or changed keys. */
  readonly hasRemoved: boolean;
  /** It may have given a key to another row, or have locked rows that it has then updated. */
  readonly hasReplaced: boolean;
  /** It may have locked rows by way of a function. */
  readonly hasLockedUnseen: boolean;
}

/**
 * Whether the transaction has removed one of the rows, changed its key or holds it FOR UPDATE.
 *
 * @param hold - of the transaction, with all its locks in place
 */
export async function holdsShared(hold: Requester, share: KeyShare, holding: Holding): Promise<boolean> {
  const { table, rows } = share;
  if (rows.length === 0) return false;
  const values = [jsonArray(rows), jsonArray(holding.locked)];
  try {
    return (await hold.request(holdsQuery(table, holding), values)).tag !== "SELECT 0";
  } catch (error) {
    // A role that may not look: one too many is refused rather than one too few.
    if (error instanceof PostgresError && error.sqlstate === "42501") return true;
    throw error;
  }
}

const jsonArray = (marks: readonly string[]): string => `[${marks.join(",")}]`;

function holdsQuery(table: Table, holding: Holding): string {
  const { primaryKey } = table;
  const others = otherKeyColumns(table);
  const keys = [...primaryKey, ...others].map(
    (name, place) => `, ${keyOfMark(table, name, place)} AS k${place}`,
  );
  const marks = (parameter: string): string =>
    `SELECT (mark OPERATOR(pg_catalog.->>) 0)::pg_catalog.tid AS place, (mark OPERATOR(pg_catalog.->>) 1)::pg_catalog.int8 AS writer${keys.join("")}
     FROM pg_catalog.json_array_elements(${parameter}::pg_catalog.json) AS mark`;
  const same = (left: string, right: (place: number) => string): string =>
    primaryKey.length === 0
      ? `${left}.place = shared.place`
      : primaryKey.map((_, place) => `${right(place)} = shared.k${place}`).join(" AND ");
  const ofRow =
    primaryKey.length === 0
      ? "seen.ctid = shared.place"
      : same("seen", (place) => `seen.${quoteName(primaryKey[place] ?? "")}`);
  const isLocked = `EXISTS (SELECT FROM locked WHERE ${same("locked", (place) => `locked.k${place}`)})`;
  const seen = `SELECT FROM ONLY ${qualifiedName(table)} AS seen WHERE ${ofRow}`;
  const isGone = `NOT EXISTS (${seen})`;
  const changed = others.map(
    (name, place) => `seen.${quoteName(name)} IS DISTINCT FROM shared.k${primaryKey.length + place}`,
  );
  const isChanged = `EXISTS (${seen} AND (${changed.join(" OR ")}))`;
  // Deleted and inserted again, or locked and then updated: PostgreSQL does not say which.
  const isReplaced = `EXISTS (${seen} AND NOT ${inSnapshot("seen.xmin::pg_catalog.text::pg_catalog.int8")})`;
  const isLockedUnseen = `EXISTS (${seen} AND ${lockedByThis})`;
  const ways = [isLocked];
  if (holding.hasRemoved || holding.hasReplaced) ways.push(isGone);
  if (holding.hasRemoved && changed.length > 0) ways.push(isChanged);
  if (holding.hasReplaced) ways.push(isReplaced);
  if (holding.hasLockedUnseen) ways.push(isLockedUnseen);
  return `WITH shared AS MATERIALIZED (${marks("$1")}), locked AS MATERIALIZED (${marks("$2")})
    SELECT FROM shared WHERE ${inSnapshot("shared.writer")} AND (${ways.join(" OR ")}) LIMIT 1`;
}

/**
 * Whether the transaction of this 32-bit number was over when the snapshot was taken. Subtransactions, in which all clients'
 * rows are written, count as over as soon as they are older than the snapshot's newest.
 */
function inSnapshot(writer: string): string {
  const newest =
    "pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8";
  // The nearest number that ends in these 32 bits.
  const half = "2147483648";
  const whole = `greatest(1, ${newest} + ((${writer} - ${newest} % 4294967296 + 4294967296 + ${half}) % 4294967296) - ${half})`;
  return `pg_catalog.pg_visible_in_snapshot((${whole})::pg_catalog.text::pg_catalog.xid8, pg_catalog.pg_current_snapshot())`;
}
