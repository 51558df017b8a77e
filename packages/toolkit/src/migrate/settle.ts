/**
 * Waits until what a job makes is there and valid: an index, or a constraint of all rows.
 *
 * The catalog has the last word: a job may end as completed because its table is gone, and its row goes half an hour later.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/working-with-create-index-async.html
 * Tests: test/migrate.test.ts.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { autocommit } from "./database.ts";
import { MigrationError } from "./errors.ts";
import { interrupted } from "./lease.ts";
import type { Settlement } from "./types.ts";

/** `abandoned`: it is there, not valid, and no job works on it. */
export type Settled = "missing" | "valid" | "underWay" | "abandoned";

interface State {
  readonly settled: Settled;
  /** What the job says of its failure. */
  readonly details: string | undefined;
}

interface Found {
  readonly is_valid: boolean | null;
  readonly status: string | null;
  readonly details: string | null;
}

/** `$1` the index; `$2` the job, or NULL where it is not known: then the latest build of that index. */
const indexState = `
  SELECT (SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)) AS is_valid, job.status, job.details
  FROM (SELECT 1) AS one LEFT JOIN (
    SELECT status, details FROM sys.jobs
    WHERE CASE WHEN $2::text IS NULL THEN object_id = to_regclass($1)::oid AND job_type = 'INDEX_BUILD' ELSE job_id = $2 END
    ORDER BY start_time DESC LIMIT 1) AS job ON true`;

const constraintState = `
  SELECT (SELECT convalidated FROM pg_constraint WHERE conrelid = to_regclass($1) AND conname = $3) AS is_valid,
         job.status, job.details
  FROM (SELECT 1) AS one LEFT JOIN (SELECT status, details FROM sys.jobs WHERE job_id = $2) AS job ON true`;

export async function stateOf(pool: Pool, settlement: Settlement, jobId?: string): Promise<State> {
  const isIndex = settlement.object === "index";
  const [found] = await autocommit<Found>(
    pool,
    isIndex ? indexState : constraintState,
    isIndex ? [settlement.index, jobId ?? null] : [settlement.table, jobId ?? null, settlement.name],
  );
  const isUnderWay = found?.status === "submitted" || found?.status === "processing";
  const details = found?.details ?? undefined;
  if (found?.is_valid === true) return { settled: "valid", details };
  if (found === undefined || found.is_valid === null) return { settled: "missing", details };
  return { settled: isUnderWay ? "underWay" : "abandoned", details };
}

const pollMs = { first: 50, max: 2_000 };

export interface SettleOptions {
  readonly jobId: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Asked before each look: throws when the lease is lost. */
  readonly check: () => void;
}

/**
 * A build that failed leaves its index behind, which every writer would go on maintaining. It goes, so that the step can
 * begin anew.
 */
export async function dropAbandoned(pool: Pool, settlement: Settlement): Promise<void> {
  if (settlement.object !== "index") return;
  const { settled } = await stateOf(pool, settlement);
  if (settled === "abandoned") await autocommit(pool, `DROP INDEX IF EXISTS ${settlement.index}`);
}

/** @throws {MigrationError} step: the job failed, or left nothing valid; interrupted */
export async function settle(pool: Pool, settlement: Settlement, options: SettleOptions): Promise<void> {
  const name = settlement.object === "index" ? `index ${settlement.index}` : `constraint ${settlement.name}`;
  for (let delayMs = pollMs.first; ; delayMs = Math.min(pollMs.max, delayMs * 2)) {
    options.check();
    let state = await stateOf(pool, settlement, options.jobId);
    // Between two looks, one at the job and one at the catalog, it may have become valid.
    if (state.settled === "abandoned") state = await stateOf(pool, settlement, options.jobId);
    if (state.settled === "valid") return;
    if (state.settled !== "underWay") throw notValid(name, state);
    await sleep(delayMs, undefined, options.signal && { signal: options.signal }).catch(() => {
      throw interrupted();
    });
  }
}

function notValid(name: string, { settled, details }: State): MigrationError {
  const reason = details ?? (settled === "missing" ? "it is gone" : "its job has ended without it");
  return new MigrationError("step", `${name} is not valid: ${reason}`, {
    remedy: "Mend the rows that stand against it, and run dsql migrate up again: the step is done anew.",
  });
}
