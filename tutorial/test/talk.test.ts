/** The tutorial's text, carried out from its first line to its last with short loads. `npm run talk` does it at full size. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { firstMissingLine } from "./talk/expected-output.ts";
import { isInstalled } from "./talk/psql-session.ts";
import { runTalk } from "./talk/run-talk.ts";

const missing = process.platform === "win32" || !isInstalled("bash") ? "needs bash" : false;

test(
  "every command, statement and edit of the tutorial does what the text says",
  { skip: missing },
  async (t) => {
    const reports = await runTalk({ isFullSize: false });
    for (const { block, skipped } of reports) {
      if (skipped !== undefined) t.diagnostic(`README.md:${block.line} not run: ${skipped}`);
    }
    const ran = reports.filter(({ skipped }) => skipped === undefined);
    t.diagnostic(`${ran.length} of ${reports.length} code blocks`);
    assert.ok(ran.some(({ block }) => block.chapter === "ch06"));
  },
);

test("a line that was not printed, or not in that order, is found; numbers and made-up names may differ", () => {
  const printed =
    "Total calls:   10,000\nThroughput: 931 calls/second\nReinventDat401Stack.X = arn:aws:iam::1:role/ReinventDat401Stack-a-B1\n";
  assert.equal(firstMissingLine("Total calls: 2,000\nThroughput: 88 calls/second", printed), undefined);
  assert.equal(
    firstMissingLine("Throughput: 88 calls/second\nTotal calls: 2,000", printed),
    "Total calls: 2,000",
  );
  assert.equal(
    firstMissingLine("ReinventDat401Stack.X = arn:aws:iam::2:role/ReinventDat401Stack-c", printed),
    undefined,
  );
});
