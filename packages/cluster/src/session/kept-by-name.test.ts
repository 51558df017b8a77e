import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryBudget } from "../base/index.ts";
import { KeptByName } from "./kept-by-name.ts";

function kept(bounds: { countMax: number; bytesMax: number }) {
  const budget = new MemoryBudget(1_000_000);
  const account = budget.open(() => assert.fail("the budget is never exceeded"));
  const things = new KeptByName<number>({ what: "things", hint: "Close some.", ...bounds }, account);
  return { budget, things };
}

test("beyond the number, or the bytes, the next is refused and the others stay", () => {
  const { things } = kept({ countMax: 2, bytesMax: 10_000 });
  things.set("a", 1, 0);
  things.set("b", 2, 0);
  assert.throws(
    () => {
      things.set("c", 3, 0);
    },
    { sqlstate: "53400", message: "a session keeps at most 2 things", hint: "Close some." },
  );
  things.set("b", 4, 5_000);
  assert.throws(
    () => {
      things.set("a", 5, 9_000);
    },
    { sqlstate: "53400", message: "the things of a session take at most 10000 bytes" },
  );
  assert.deepEqual([things.get("b"), things.has("c")], [4, false]);
});

test("a long name is counted, and what is let go of is not", () => {
  const { budget, things } = kept({ countMax: 10, bytesMax: 100_000 });
  things.set("n".repeat(10_000), 1, 1_000);
  assert.ok(budget.bytes > 21_000);
  things.set("other", 2, 1_000);
  things.delete("n".repeat(10_000));
  assert.ok(budget.bytes < 2_000);
  things.clear();
  assert.equal(budget.bytes, 0);
});
