/** A program that starts storage in the data directory it is given, says where, and runs until it is killed. */
import { silentLog } from "../src/base/index.ts";
import { acquireDataDir, createStorage } from "../src/storage/index.ts";

const dataDir = process.argv[2] ?? "";
process.on("SIGINT", () => undefined); // As the CLI: Ctrl-C is for this program to decide on.
await acquireDataDir(dataDir);
const storage = createStorage({ dataDir, fsync: false, connectionsMax: 20, log: silentLog });
await storage.start();
console.log(JSON.stringify({ ...storage.processes, address: storage.address, uid: process.getuid?.() }));
setInterval(() => undefined, 60_000);
