/**
 * One cluster for the tests of a file: started before them, as it was at first before each, stopped after them.
 *
 * Promises
 * - Before each test the data are what migrations and seed have made, whatever the test before has done: rows, DDL, roles, grants.
 * - Nothing is left running when the tests are over, also when one of them or a hook has failed.
 */
import {
  type LocalCluster,
  type Snapshot,
  startCluster,
  type StartClusterOptions,
} from "../local-cluster.ts";

/** How a runner is told what to do around tests. */
export interface TestHooks {
  readonly beforeAll: (run: () => Promise<void>) => void;
  readonly beforeEach: (run: () => Promise<void>) => void;
  readonly afterAll: (run: () => Promise<void>) => void;
}

/**
 * @returns the cluster, to be used in tests and in hooks that are registered after this: before that it has not been started
 */
export function clusterWith(hooks: TestHooks, options: StartClusterOptions = {}): LocalCluster {
  let started: LocalCluster | undefined;
  let initial: Snapshot | undefined;
  let isUsed = false;
  hooks.beforeAll(async () => {
    started = await startCluster(options);
    initial = await started.snapshot();
  });
  hooks.beforeEach(async () => {
    if (isUsed && initial !== undefined) await started?.restore(initial);
    isUsed = true;
  });
  hooks.afterAll(async () => {
    await started?.stop();
    started = undefined;
  });
  return new Proxy({} as LocalCluster, {
    get(_target, name) {
      if (started === undefined)
        throw new Error(
          `cluster.${String(name)} is there while tests run: use it in a test, or in a hook after useCluster()`,
        );
      const value: unknown = Reflect.get(started, name);
      return typeof value === "function" ? (value.bind(started) as unknown) : value;
    },
  });
}
