/** Runs a cluster that is to be killed in the middle of its jobs: `node jobs-child.js <data directory>`. */
import { fillLarge, jobEnded, jobOf, submitJob } from "./job-helper.ts";
import { runCluster } from "./running-cluster.ts";

const running = await runCluster({ dataDir: process.argv[2] ?? "" });
const client = await running.connect();
await fillLarge(running, client, "large");
await client.query("CREATE TABLE small (id int PRIMARY KEY, n int)");
await client.query("ALTER TABLE small ADD CONSTRAINT positive CHECK (n > 0) NOT VALID");
await client.query("CREATE TABLE doubled (id int PRIMARY KEY, n int)");
await client.query("INSERT INTO doubled VALUES (1, 7), (2, 7)");
const failed = await submitJob(client, "CREATE UNIQUE INDEX ASYNC doubled_n ON doubled (n)");
const done = await submitJob(client, "CREATE INDEX ASYNC small_n ON small (n)");
for (const id of [failed, done]) await jobEnded(client, id);
// A build does not end before older snapshots do.
const older = await running.connect();
await older.query("BEGIN; SELECT FROM small");
const cancelled = await submitJob(client, "CREATE INDEX ASYNC large_gone ON large (filler, id)");
await client.query("DROP INDEX large_gone");
await jobEnded(client, cancelled);
await older.query("ROLLBACK");
const unfinished = [
  await submitJob(client, "CREATE INDEX ASYNC large_filler ON large (filler)"),
  // Waits for the first, so it has not begun.
  await submitJob(client, "CREATE UNIQUE INDEX ASYNC large_both ON large (id, filler)"),
  await submitJob(client, "ALTER TABLE ASYNC small VALIDATE CONSTRAINT positive"),
];
const ended = await Promise.all([failed, done, cancelled].map((id) => jobOf(client, id)));
process.stdout.write(`${JSON.stringify({ unfinished, ended })}\n`);
