/** Runs pg_dump, as WebAssembly, against a cluster: through a proxy like AWS's, or straight. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Cluster } from "../../src/index.ts";
import type { ConnectionData } from "./connection.ts";

/** This file runs as `packages/cluster/dist/test/pg-dump/pg-dump.js`. */
const folder = path.resolve(import.meta.dirname, "..", "..", "..", "test", "pg-dump");

/** For `test()`: why tests with pg_dump are skipped, or false. */
export const skipUnlessInstalled: string | false = existsSync(path.join(folder, "node_modules"))
  ? false
  : "not installed; `npm ci --prefix packages/cluster/test/pg-dump` installs it";

/** What program.ts is started with, and what it says at its end. */
export interface ProgramData {
  /** URL of the module that exports `pgDump()`. */
  readonly module: string;
  readonly args: readonly string[];
  readonly connection: Omit<ConnectionData, "port" | "answered">;
}
export type ProgramEnd = { readonly dump: string } | { readonly failure: string };

/**
 * The package adds `--inserts`, so data are read with a cursor.
 *
 * @returns the dump
 * @throws {Error} pg_dump failed; with all that it has said
 */
export async function dump(
  cluster: Cluster,
  args: readonly string[],
  { isProxied = true } = {},
): Promise<string> {
  const require = createRequire(path.join(folder, "package.json"));
  const { ca, servername } = cluster.connection().ssl;
  const workerData: ProgramData = {
    module: pathToFileURL(require.resolve("@electric-sql/pglite-tools/pg_dump")).href,
    args,
    connection: {
      address: { host: cluster.host, port: cluster.port },
      ...{ servername, ca, token: cluster.token(), isProxied },
    },
  };
  const program = new Worker(new URL("./program.js", import.meta.url), { workerData });
  const end = await new Promise<ProgramEnd>((resolve, reject) => {
    program.once("message", resolve).once("error", reject);
  }).finally(() => program.terminate());
  if ("failure" in end) throw new Error(end.failure);
  return end.dump;
}
