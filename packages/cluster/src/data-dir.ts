/**
 * What another program of the same user asks of a data directory: who runs it and where, which clusters it has, and the
 * keys of its account. A door of its own (`@dsql-local/cluster/data-dir`), because a command that only looks must not
 * wait for the cluster, its parser and its system schema to be loaded.
 */
export { signToken } from "./auth/index.ts";
export { systemClock, systemRandom } from "./base/index.ts";
export {
  makeFolders,
  type ClusterEntry,
  type DataDirHolder,
  readClusterFile,
  readLock,
} from "./storage/index.ts";
