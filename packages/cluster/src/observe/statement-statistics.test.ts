import assert from "node:assert/strict";
import { test } from "node:test";
import { StatementCounter } from "./statement-statistics.ts";

test("statements that differ in values and spaces count as one, the longest in sum first", () => {
  const counter = new StatementCounter();
  counter.add("SELECT * FROM a WHERE id = 1", 1, false);
  counter.add("SELECT *  FROM a\n WHERE id = 'x'", 3, true);
  counter.add("SELECT 1", 100, false);
  assert.deepEqual(
    counter.all.map(({ fingerprint, calls, failed, totalMs }) => [fingerprint, calls, failed, totalMs]),
    [
      ["SELECT ?", 1, 0, 100],
      ["SELECT * FROM a WHERE id = ?", 2, 1, 4],
    ],
  );
});

test("quantiles are within a tenth", () => {
  const counter = new StatementCounter();
  for (let ms = 1; ms <= 1_000; ms++) counter.add("SELECT 1", ms, false);
  const [one] = counter.all;
  assert.ok(one !== undefined);
  assert.ok(one.p50Ms >= 500 && one.p50Ms <= 550, String(one.p50Ms));
  assert.ok(one.p99Ms >= 990 && one.p99Ms <= 1_089, String(one.p99Ms));
});

test("texts without end are counted together, and cost no more memory", () => {
  const counter = new StatementCounter();
  for (let number = 0; number < 10_000; number++) counter.add(`SELECT c${number} FROM t`, 1, false);
  assert.equal(counter.all.length, 501);
  assert.equal(counter.all.find(({ fingerprint }) => fingerprint === "(others)")?.calls, 9_500);
});
