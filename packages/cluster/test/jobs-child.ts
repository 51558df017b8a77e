/** Runs a cluster that is to be killed in the middle of its jobs: `node jobs-child.js <data directory>`. */
import { fillLarge, submitJob } from "./job-helper.ts";
import { runCluster } from "./running-cluster.ts";

const running = await runCluster({ dataDir: process.argv[2] ?? "" });
const client = await running.connect();
await fillLarge(running, client, "large");
await client.query("CREATE TABLE small (id int PRIMARY KEY, n int)");
await client.query("ALTER TABLE small ADD CONSTRAINT positive CHECK (n > 0) NOT VALID");
const ids = [
  await submitJob(client, "CREATE INDEX ASYNC large_filler ON large (filler)"),
  // Waits for the first, so it has not begun.
  await submitJob(client, "CREATE UNIQUE INDEX ASYNC large_both ON large (id, filler)"),
  await submitJob(client, "ALTER TABLE ASYNC small VALIDATE CONSTRAINT positive"),
];
process.stdout.write(`${JSON.stringify(ids)}\n`);
