/** The whole suite against a local cluster, as part of `npm test`. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isolationChecks } from "./isolation/index.ts";
import { knownDifferenceChecks } from "./known-differences.ts";
import { type LocalCluster, startLocalCluster } from "./local-cluster.ts";
import { ruleChecks } from "./rules/index.ts";
import { sqlChecks } from "./sql/index.ts";
import { type Check, judge, rerunCommand } from "./suite.ts";
import { wireChecks } from "./wire/index.ts";

const suites: readonly (readonly [string, readonly Check[]])[] = [
  ["isolation", await isolationChecks()],
  ["rules", ruleChecks()],
  ["sql", await sqlChecks()],
  ["wire", wireChecks()],
  ["known differences", await knownDifferenceChecks({ areExpected: true })],
];

let cluster: LocalCluster | undefined;

before(async () => {
  cluster = await startLocalCluster();
});

after(async () => {
  await cluster?.stop();
});

for (const [suite, checks] of suites) {
  describe(suite, () => {
    for (const check of checks) {
      test(check.name, async () => {
        assert.ok(cluster !== undefined);
        const { problems } = await judge(check, cluster.target);
        assert.deepEqual(problems, [], `${problems.join("\n")}\nagain: ${rerunCommand(check.name)}`);
      });
    }
  });
}
