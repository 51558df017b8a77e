/**
 * Storage: the embedded PostgreSQL and our hold on it, and the data directory that it all lives in.
 *
 * `acquireDataDir()` holds the directory for this process, `readClusterFile()` says which clusters it has, and
 * `createStorage()` makes the PostgreSQL in it: initialised on the first start, recovered after a crash, reachable by
 * this cluster alone, its system schema in place.
 *
 * Always true
 * - PostgreSQL does not outlive the process that started it, however that process ends.
 * - One process works in a data directory at a time.
 * - A start that fails says why and what to do (`StorageError`), and has destroyed nothing.
 * - A commit that was answered survives the death of any process; with `fsync`, also loss of power.
 *
 * Tests: test/storage*.test.ts, and beside the files.
 */
export {
  type ClusterEntry,
  type ClusterFile,
  base32,
  readClusterFile,
  writeClusterFile,
} from "./data-dir/cluster-file.ts";
export { type DataDirLock, acquireDataDir, readLock } from "./data-dir/data-dir.ts";
export { type ClusterDetails, type DataDirHolder } from "./data-dir/lock-file.ts";
export { type ImageKey } from "./images/index.ts";
export { makeFolders } from "./data-dir/make-folders.ts";
export { asStorageError } from "./data-dir/unusable.ts";
export { removeDataDir, removePostgresFiles } from "./data-dir/place.ts";
export {
  type Storage,
  type StorageAddress,
  type StorageExit,
  type StorageOptions,
  createStorage,
} from "./storage.ts";
export { StorageError } from "./storage-error.ts";
