import assert from "node:assert/strict";
import { test } from "node:test";
import { Newcomers } from "./newcomers.ts";

test("at the bound the one that has waited longest goes; who is known does not", () => {
  const turnedAway: string[] = [];
  const newcomers = new Newcomers<string>(2, (name) => turnedAway.push(name));
  newcomers.add("known");
  newcomers.add("silent");
  newcomers.delete("known");
  newcomers.add("slow");
  assert.deepEqual(turnedAway, []);
  newcomers.add("new");
  assert.deepEqual(turnedAway, ["silent"]);
  assert.equal(newcomers.count, 2);
});
