import type pg from "pg";

/** In batches below the limit of rows per transaction. */
const accountsPerBatch = 2_500;

/** Accounts 1 to `count`, with so much money that no transfer of a benchmark finds too little. */
export async function insertAccounts(admin: pg.Client, count: number): Promise<void> {
  for (let first = 1; first <= count; first += accountsPerBatch) {
    const last = Math.min(count, first + accountsPerBatch - 1);
    await admin.query("INSERT INTO accounts SELECT id, 100000 FROM generate_series($1::int, $2::int) AS id", [
      first,
      last,
    ]);
  }
}
