/** Loads a file, to be killed in the middle; says each time it has given a connection back. */
import process from "node:process";
import { bulkLoad, createPool } from "../src/index.ts";

const [input = "", table = "", manifest = ""] = process.argv.slice(2);
const pool = createPool();
pool.on("release", () => {
  process.stdout.write("released\n");
});
await bulkLoad(pool, { input, table, manifest, rowsPerTransaction: 200, connections: 2 });
await pool.end();
