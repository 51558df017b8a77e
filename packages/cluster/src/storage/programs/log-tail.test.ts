import assert from "node:assert/strict";
import { test } from "node:test";
import { LogTail } from "./log-tail.ts";

test("a line that arrives in pieces is one line", () => {
  const tail = new LogTail();
  assert.deepEqual(tail.write("LOG:  star"), []);
  assert.deepEqual(tail.write("ting\r\nLOG:  re"), ["LOG:  starting"]);
  assert.deepEqual(tail.lines(), ["LOG:  starting", "LOG:  re"]);
});

test("only the last hundred lines are kept, and no more than a thousand characters of each", () => {
  const tail = new LogTail();
  for (let line = 1; line <= 250; line++) tail.write(`${line}\n`);
  tail.write(`${"x".repeat(5_000)}\n`);
  tail.write("y".repeat(5_000));
  const lines = tail.lines();
  assert.equal(lines[0], "152");
  assert.deepEqual(
    lines.slice(-2).map((line) => line.length),
    [1_000, 1_000],
  );
  assert.equal(lines.length, 101);
});
