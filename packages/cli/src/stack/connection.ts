/** A connection to a cluster as an application would open it, for as long as some work takes. */
import type { DsqlPoolOptions } from "dsql-toolkit";
import type pg from "pg";

/**
 * Lets `work` use one session, and closes it.
 * @throws {ConnectError} it could not be opened: its step says how far it came, its hint what to do
 */
export async function withConnection<Result>(
  options: DsqlPoolOptions,
  work: (client: pg.ClientBase) => Promise<Result>,
): Promise<Result> {
  const { createPool } = await import("dsql-toolkit");
  const pool = createPool({ ...options, max: 1, min: 0 });
  try {
    const client = await pool.connect();
    try {
      return await work(client);
    } finally {
      // Closed, not given back: whatever it was in the middle of ends with it.
      client.release(true);
    }
  } finally {
    await pool.end();
  }
}
