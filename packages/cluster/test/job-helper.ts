/** Jobs as a client sees them. */
import type pg from "pg";
import { type RunningCluster, within } from "./running-cluster.ts";

export interface JobRow {
  readonly job_id: string;
  readonly status: string;
  readonly details: string | null;
  readonly job_type: string;
  readonly object_name: string | null;
}

/** @returns the identifier that the statement answers with */
export async function submitJob(client: pg.Client, text: string): Promise<string> {
  const { rows } = await client.query<{ job_id: string }>(text);
  return rows[0]?.job_id ?? "";
}

/** @returns what `sys.wait_for_job` says */
export async function jobEnded(client: pg.Client, id: string): Promise<boolean> {
  const { rows } = await within("the job ends", () =>
    client.query<{ succeeded: boolean }>(`CALL sys.wait_for_job('${id}')`),
  );
  return rows[0]?.succeeded ?? false;
}

export async function jobOf(client: pg.Client, id: string): Promise<JobRow | undefined> {
  return (await client.query<JobRow>("SELECT * FROM sys.jobs WHERE job_id = $1", [id])).rows[0];
}

/** A table large enough that an index of its column `filler` takes a while. */
export async function fillLarge(running: RunningCluster, client: pg.Client, name: string): Promise<void> {
  await client.query(`CREATE TABLE ${name} (id int PRIMARY KEY, filler text)`);
  await running.storage(
    `INSERT INTO public.${name} SELECT g, md5(g::text) || md5((-g)::text) FROM generate_series(1, 400000) AS g`,
  );
}
