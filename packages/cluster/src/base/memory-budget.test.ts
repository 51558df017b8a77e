import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryBudget } from "./memory-budget.ts";

test("within the budget nobody is ended, and what is closed counts no more", () => {
  const budget = new MemoryBudget(100);
  const account = budget.open(() => assert.fail("nobody exceeds the budget"));
  account.change(100);
  account.change(-40);
  assert.equal(budget.bytes, 60);
  account.close();
  account.change(1_000);
  assert.equal(budget.bytes, 0);
});

test("beyond it the largest account is ended, whoever asked for the last byte", () => {
  const budget = new MemoryBudget(100);
  const ended: string[] = [];
  const open = (name: string) => budget.open(() => ended.push(name));
  const large = open("large");
  const larger = open("larger");
  const small = open("small");
  large.change(40);
  larger.change(55);
  small.change(6);
  assert.deepEqual(ended, ["larger"]);
  assert.equal(budget.bytes, 46);
  small.change(54);
  assert.equal(budget.bytes, 100);
  small.change(1);
  assert.deepEqual(ended, ["larger", "small"]);
  assert.equal(budget.bytes, 40);
});
