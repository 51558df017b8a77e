/**
 * dsql-local as a library: a local Aurora DSQL for the length of a test.
 *
 *     const cluster = await startCluster();
 *     const pool = new pg.Pool(cluster.connection());
 *     …
 *     await cluster.stop();
 *
 * Promises
 * - Every `startCluster()` is a cluster of its own: its data, ports and keys are shared with nobody.
 * - `stop()` leaves nothing behind: no process, no file, no open handle. A program that ends without it leaves no
 *   process either, and its files are removed then or, after a crash, by the next `startCluster()`.
 */
export { InitialDataError } from "./initial-data.ts";
export {
  type LocalCluster,
  type PoolOptions,
  type Seed,
  type Snapshot,
  startCluster,
  type StartClusterOptions,
} from "./local-cluster.ts";
