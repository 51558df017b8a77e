/**
 * Rows that clients' functions have locked FOR UPDATE. No statement shows them, so they are looked for at COMMIT: PostgreSQL knows
 * the tables in which the transaction may have locked rows, and writes the locker into a row's `xmax`.
 *
 * It does not show how strong a lock is, and a foreign key has its parents locked FOR KEY SHARE in the same way. So each is asked for
 * the next weaker lock than FOR UPDATE, which is then taken back: a row that is locked FOR UPDATE stays as it is, any other
 * gets another `xmax`. SKIP LOCKED, so that nothing is waited for.
 *
 * Tests: test/attack/hidden-writes.test.ts.
 */
import { PostgresError, type Requester } from "../../backend/index.ts";
import {
  type Catalog,
  qualifiedName,
  type RelationName,
  type Table,
  textArray,
} from "../../catalog/index.ts";
import { lockMark, placeOf } from "../plan/lock-marks.ts";
import { type LockedRows, lockedByThis } from "./locked-rows.ts";

const probe = "dsql_probe";

/** Scans the tables whole. */
export async function rowsLockedUnseen(hold: Requester, catalog: Catalog): Promise<readonly LockedRows[]> {
  const found: LockedRows[] = [];
  for (const relation of await tablesWithLocks(hold)) {
    const table = await catalog.table(relation, []);
    if (table === undefined) continue;
    await hold.request(`SAVEPOINT ${probe}`);
    try {
      found.push({ table, strength: "update", marks: await lockedForUpdate(hold, table) });
    } catch (error) {
      // A table that the role may not see: none of its functions has locked rows there, a foreign key has.
      if (!(error instanceof PostgresError && error.sqlstate === "42501")) throw error;
    } finally {
      await hold.request(`ROLLBACK TO SAVEPOINT ${probe}`);
      // Rows are touched by the subtransaction that has locked them: only then the lock's strength stays with the row.
      await hold.request(`RELEASE SAVEPOINT ${probe}`);
    }
  }
  return found;
}

async function tablesWithLocks(hold: Requester): Promise<readonly RelationName[]> {
  const { rows } = await hold.request(
    `SELECT n.nspname, c.relname FROM pg_catalog.pg_lock_status() AS held
       JOIN pg_catalog.pg_class AS c ON c.oid = held.relation JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE held.pid = pg_catalog.pg_backend_pid() AND held.locktype = 'relation' AND held.mode = 'RowShareLock'
       AND c.relkind = 'r' AND c.oid >= 16384`,
  );
  return rows.map(([schema, name]) => ({ schema: schema ?? "", name: name ?? "" }));
}

async function lockedForUpdate(hold: Requester, table: Table): Promise<readonly string[]> {
  const from = `FROM ONLY ${qualifiedName(table)} AS seen`;
  const locked = await hold.request(`SELECT ${lockMark("seen", table)}, xmax ${from} WHERE ${lockedByThis}`);
  if (locked.rows.length === 0) return [];
  const places = textArray(locked.rows.map(([mark]) => placeOf(mark ?? "") ?? ""));
  const isAny = "WHERE seen.ctid = ANY ($1::pg_catalog.tid[])";
  await hold.request(`SELECT ${from} ${isAny} FOR NO KEY UPDATE SKIP LOCKED`, [places]);
  const asked = await hold.request(`SELECT seen.ctid, xmax ${from} ${isAny}`, [places]);
  const lockers = new Map(asked.rows.map(([place, locker]) => [place, locker]));
  return locked.rows.flatMap(([mark, locker]) =>
    mark !== null && mark !== undefined && lockers.get(placeOf(mark) ?? "") === locker ? [mark] : [],
  );
}
