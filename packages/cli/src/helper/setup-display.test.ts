import assert from "node:assert/strict";
import { test } from "node:test";
import { SetupDisplay, setupLine } from "./setup-display.ts";

const workers = [
  { ids: 4_000, done: 4_000 },
  { ids: 4_000, done: 2_000 },
  { ids: 4_000, done: 0 },
];

test("the line counts accounts and workers, and has a bar for each worker", () => {
  assert.equal(setupLine(workers, 79), "[ 50%] 6,000/12,000 accounts | 1/3 workers █▅▁");
});

test("a bar stands for several workers where there is no room for all, and no line is longer than its room", () => {
  const many = Array.from({ length: 128 }, (_, index) => ({ ids: 10, done: index < 64 ? 10 : 0 }));
  const line = setupLine(many, 60);
  assert.match(line, /^\[ 50%\] 640\/1,280 accounts \| 64\/128 workers █+.?▁+$/);
  assert.equal(line.length, 60);
  assert.equal(setupLine(many, 10), "[ 50%] 640");
});

function shown(isTTY: boolean): string {
  let text = "";
  const display = new SetupDisplay({ isTTY, columns: 80, write: (part) => (text += part) }, [10, 10]);
  display.advance(0, 10);
  display.line("  [Worker 1] Inserted accounts 1 to 10");
  display.end();
  return text;
}

test("a pipe sees the workers' lines alone; a terminal has a line below them that is gone in the end", () => {
  assert.equal(shown(false), "  [Worker 1] Inserted accounts 1 to 10\n");
  const erase = "\u001b[K";
  const below = `\r[ 50%] 10/20 accounts | 1/2 workers █▁${erase}`;
  assert.equal(shown(true), `${below}\r  [Worker 1] Inserted accounts 1 to 10${erase}\n${below}\r${erase}`);
});
