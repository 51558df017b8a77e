/** `dsql-local/node-test`: a cluster for the tests of a file, with Node's own runner. */
import { after, before, beforeEach } from "node:test";
import type { LocalCluster, StartClusterOptions } from "./local-cluster.ts";
import { clusterWith } from "./test-kit/index.ts";

/**
 * To be called once in a file, or in a `describe`. The cluster is started before the tests, as it was at first before each, and stopped
 * after them.
 *
 * @param options - as of `startCluster()`: `migrations` and `seed` are what each test begins with
 * @returns the cluster, to be used in tests and in hooks that are registered after this
 */
export function useCluster(options: StartClusterOptions = {}): LocalCluster {
  return clusterWith({ beforeAll: before, beforeEach, afterAll: after }, options);
}

export type { LocalCluster, StartClusterOptions } from "./local-cluster.ts";
