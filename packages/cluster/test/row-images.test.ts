/**
 * A row that is kept for later reads back as the same row, whatever the session had set when it was written and when it is read:
 * in a transaction that is parked and run again, and in one that has lost already.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type pg from "pg";
import { type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;
let writer: pg.Client;
let other: pg.Client;

before(async () => {
  running = await runCluster();
  writer = await running.connect();
  other = await running.connect();
  await writer.query("CREATE TABLE met (id int PRIMARY KEY, n int NOT NULL)");
  await writer.query(
    "CREATE TABLE measured (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), reading float8, day date, at timestamptz, took interval)",
  );
  await writer.query("INSERT INTO met VALUES (1, 0)");
});
beforeEach(async () => {
  await writer.query("DELETE FROM measured");
});
after(() => running.stop());

const written = {
  reading: 0.1 + 0.2,
  day: "2024-03-04",
  at: "2024-03-04 05:06:07.089+00",
  took: "-1 day +02:00:00",
};
const insert = `INSERT INTO measured (reading, day, at, took)
  VALUES (0.30000000000000004, DATE '2024-03-04', TIMESTAMPTZ '2024-03-04 05:06:07.089+00', INTERVAL '-1 day +02:00:00')`;
const unusual = [
  "SET LOCAL extra_float_digits = -5",
  "SET LOCAL DateStyle = 'SQL, DMY'",
  "SET LOCAL IntervalStyle = 'sql_standard'",
  "SET LOCAL TimeZone = 'Asia/Kolkata'",
];

async function stored(client: pg.Client): Promise<unknown> {
  const { rows } = await client.query(
    `SELECT reading, to_char(day, 'YYYY-MM-DD') AS day, (at AT TIME ZONE 'UTC')::text || '+00' AS at,
       extract(epoch FROM took)::int AS seconds FROM measured`,
  );
  return rows;
}
const expected = [{ reading: written.reading, day: written.day, at: written.at, seconds: -79_200 }];

test("a transaction is parked and run again", async () => {
  await writer.query("BEGIN");
  await writer.query("UPDATE met SET n = n + 1 WHERE id = 1");
  for (const setting of unusual) await writer.query(setting);
  await writer.query(insert);
  await writer.query("SET LOCAL DateStyle = 'SQL, MDY'");
  // Takes the row from the writer, which is idle, and lets it go again.
  await other.query("BEGIN");
  await other.query("UPDATE met SET n = n + 1 WHERE id = 1");
  await other.query("ROLLBACK");
  await writer.query("SELECT count(*) FROM measured");
  await writer.query("COMMIT");
  assert.deepEqual(await stored(other), expected);
});

test("a transaction has lost, and answers from its own rows", async () => {
  await writer.query("BEGIN");
  await writer.query("SELECT count(*) FROM met");
  await other.query("UPDATE met SET n = n + 1 WHERE id = 1");
  await writer.query("UPDATE met SET n = n + 1 WHERE id = 1");
  for (const setting of unusual) await writer.query(setting);
  await writer.query(insert);
  for (const change of ["SET reading = reading", "SET day = day, at = at"])
    await writer.query(`UPDATE measured ${change}`);
  await writer.query("SET LOCAL DateStyle = 'SQL, MDY'");
  await writer.query("SET LOCAL extra_float_digits = 1");
  await writer.query("SET LOCAL IntervalStyle = 'postgres'");
  await writer.query("SET LOCAL DateStyle = 'ISO'");
  assert.deepEqual(await stored(writer), expected);
  await assert.rejects(writer.query("COMMIT"), { code: "40001" });
});
