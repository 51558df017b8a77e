import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf } from "../wire/index.ts";
import { CopyData } from "./copy-data.ts";

const joined = (data: CopyData): string => Buffer.concat(data.frames().map(bodyOf)).toString("latin1");

test("the data are the same however they were cut, in few messages", () => {
  const text = Array.from({ length: 30_000 }, (_, number) => `${number}\n`).join("");
  for (const size of [1, 7, 1_000, 65_535, 65_536, 70_000, text.length]) {
    const data = new CopyData();
    for (let at = 0; at < text.length; at += size) data.add(Buffer.from(text.slice(at, at + size)));
    const frames = data.frames();
    assert.ok(frames.length <= 5, `${frames.length} messages for pieces of ${size}`);
    assert.equal(Buffer.concat(frames.map(bodyOf)).toString("latin1"), text, `pieces of ${size}`);
  }
});

test("small and large pieces stay in order, empty ones leave nothing", () => {
  const data = new CopyData();
  const large = "L".repeat(100_000);
  for (const piece of ["a", "", large, "b", "", "c"]) data.add(Buffer.from(piece));
  assert.equal(joined(data), `a${large}bc`);
  assert.deepEqual(new CopyData().frames(), []);
});

test("what is forgotten is gone, and what comes after it is there", () => {
  const data = new CopyData();
  data.add(Buffer.from("a"));
  data.add(Buffer.alloc(100_000));
  data.forget();
  data.add(Buffer.from("b"));
  assert.equal(joined(data), "b");
});
