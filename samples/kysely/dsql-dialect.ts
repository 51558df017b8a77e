/**
 * Kysely's PostgreSQL dialect, with the two things that Aurora DSQL has otherwise.
 *
 * - DDL cannot share a transaction with anything, so each migration runs outside of one: write one statement each.
 * - There are no advisory locks, which keep two migrators apart on PostgreSQL. Here the first to write the time into
 *   Kysely's own lock row has the lock; a lock older than `lockSecondsMax` belongs to a migrator that died.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isConflict } from "dsql-toolkit";
import {
  type Kysely,
  type MigrationLockOptions,
  PostgresAdapter,
  PostgresDialect,
  type RawBuilder,
  sql,
} from "kysely";

const lockSecondsMax = 600;
const lockPauseMs = 200;

export class DsqlDialect extends PostgresDialect {
  override createAdapter(): PostgresAdapter {
    return new DsqlAdapter();
  }
}

class DsqlAdapter extends PostgresAdapter {
  override get supportsTransactionalDdl(): boolean {
    return false;
  }

  /** Waits until no other migrator is at work, at most as long as one may be. */
  override async acquireMigrationLock(db: Kysely<unknown>, options: MigrationLockOptions): Promise<void> {
    for (let waitedMs = 0; waitedMs <= lockSecondsMax * 1_000; waitedMs += lockPauseMs) {
      const taken = sql`UPDATE ${nameOf(options)} SET is_locked = extract(epoch FROM now())
        WHERE id = ${options.lockRowId} AND is_locked < extract(epoch FROM now()) - ${lockSecondsMax}::int`;
      if (await oneRowChanges(taken.execute(db))) return;
      await sleep(lockPauseMs);
    }
    throw new Error(`another migrator has held the lock in ${options.lockTable} for ${lockSecondsMax} s`);
  }

  override async releaseMigrationLock(db: Kysely<unknown>, options: MigrationLockOptions): Promise<void> {
    await sql`UPDATE ${nameOf(options)} SET is_locked = 0 WHERE id = ${options.lockRowId}`.execute(db);
  }
}

function nameOf({ lockTable, lockTableSchema }: MigrationLockOptions): RawBuilder<unknown> {
  return lockTableSchema === undefined ? sql.id(lockTable) : sql.id(lockTableSchema, lockTable);
}

/** Of two migrators that write at the same time one loses with a conflict, and has to wait. */
async function oneRowChanges(update: Promise<{ numAffectedRows?: bigint }>): Promise<boolean> {
  try {
    return (await update).numAffectedRows === 1n;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}
