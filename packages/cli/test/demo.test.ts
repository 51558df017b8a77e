import assert from "node:assert/strict";
import { test } from "node:test";
import { demo, dsql, freePorts, newDataDir } from "./command.ts";

test("npm start deploys, transfers and proves; done again on the same data it works as well", async (t) => {
  const dataDir = newDataDir(t);
  for (const invocations of ["1000", "300"]) {
    const { code, stdout, stderr } = await demo([
      "--once",
      "--data-dir",
      dataDir,
      ...freePorts,
      "--invocations",
      invocations,
    ]);
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /… Deploy tutorial\/ch05: cdk deploy\n {6}the CDK reads the app\n/);
    const calls = Number(invocations).toLocaleString("en-US");
    assert.match(stdout, new RegExp(`Successful: +${calls} \\(100\\.00%\\)`));
    assert.match(stdout, /the sum of 1,000 balances was 100,000 and is 100,000/);
    assert.match(stdout, new RegExp(`the history has ${calls} new rows for ${calls} successful transfers`));
  }
  assert.equal((await dsql(["status", "--data-dir", dataDir])).code, 3);
});
