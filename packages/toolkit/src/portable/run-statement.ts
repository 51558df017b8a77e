/** One statement in a transaction of its own, up to the end of the job that it leaves. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { retryConflicts } from "../retry.ts";

/** An import has ended early. What is done stays; the same call goes on. */
export class ImportError extends Error {
  override readonly name = "ImportError";
}

/** An index of many rows takes its time; whoever looks seldom finds it done late. */
const pollMs = { first: 50, max: 2_000 };

/** @throws {ImportError} the cluster refuses it, or its job has failed */
export async function runStatement(pool: Pool, sql: string, signal?: AbortSignal): Promise<void> {
  const jobId = await retryConflicts(async () => {
    const { rows } = await pool.query<{ job_id?: string }>(sql);
    return /^\s*(?:CREATE|ALTER)\b/i.test(sql) ? rows[0]?.job_id : undefined;
  }).catch((cause: unknown) => {
    throw new ImportError(`${String((cause as Error).message)}, in: ${shortened(sql)}`, { cause });
  });
  if (jobId !== undefined) await ended(pool, { jobId, sql, signal });
}

async function ended(
  pool: Pool,
  {
    jobId,
    sql,
    signal,
  }: { readonly jobId: string; readonly sql: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  for (let delayMs = pollMs.first; ; delayMs = Math.min(pollMs.max, delayMs * 2)) {
    const { rows } = await retryConflicts(() =>
      pool.query<{ status: string; details: string | null }>(
        "SELECT status, details FROM sys.jobs WHERE job_id = $1",
        [jobId],
      ),
    );
    const [job] = rows;
    // Gone after half an hour, and then it has long ended.
    if (job === undefined || job.status === "completed") return;
    if (job.status !== "submitted" && job.status !== "processing")
      throw new ImportError(`${job.details ?? `the job has ended as ${job.status}`}, in: ${shortened(sql)}`);
    await sleep(delayMs, undefined, signal && { signal });
  }
}

function shortened(sql: string): string {
  const line = sql.replace(/\s+/g, " ").trim();
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
