/** `dsql-local/jest` and `dsql-local/vitest`: a cluster for the tests of a file, with a runner whose hooks are global, or given. */
import type { LocalCluster, StartClusterOptions } from "./local-cluster.ts";
import { clusterWith, type TestHooks } from "./test-kit/index.ts";

/**
 * To be called once in a file, or in a `describe`. The cluster is started before the tests, as it was at first before each, and stopped
 * after them.
 *
 * @param options - as of `startCluster()`: `migrations` and `seed` are what each test begins with
 * @param hooks - `{ beforeAll, beforeEach, afterAll }` as imported from the runner; its globals unless given
 * @returns the cluster, to be used in tests and in hooks that are registered after this
 * @throws {Error} there are no global hooks, and none were given
 */
export function useCluster(
  options: StartClusterOptions = {},
  hooks: TestHooks = globalHooks(),
): LocalCluster {
  return clusterWith(hooks, options);
}

function globalHooks(): TestHooks {
  const { beforeAll, beforeEach, afterAll } = globalThis as Partial<TestHooks>;
  if (beforeAll !== undefined && beforeEach !== undefined && afterAll !== undefined)
    return { beforeAll, beforeEach, afterAll };
  throw new Error(
    "there are no global beforeAll, beforeEach and afterAll: import them from your runner and give them along, useCluster({}, { beforeAll, beforeEach, afterAll })",
  );
}

export type { LocalCluster, StartClusterOptions } from "./local-cluster.ts";
export type { TestHooks } from "./test-kit/index.ts";
