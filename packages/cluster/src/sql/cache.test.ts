import assert from "node:assert/strict";
import { test } from "node:test";
import { TextCache } from "./cache.ts";

test("what is used stays, what is not goes, and there are never more than the bound", () => {
  const cache = new TextCache<number>({ entriesMax: 10, charactersMax: 1_000 });
  cache.set("used", 1);
  for (let entry = 0; entry < 100; entry += 1) {
    cache.set(`other ${entry}`, entry);
    assert.equal(cache.get("used"), 1);
  }
  const kept = Array.from({ length: 100 }, (_, entry) => cache.get(`other ${entry}`)).filter(
    (value) => value !== undefined,
  );
  assert.ok(kept.length > 0 && kept.length < 10);
});

test("long texts push out others before the number of entries does", () => {
  const cache = new TextCache<number>({ entriesMax: 1_000, charactersMax: 100 });
  cache.set("first", 1);
  for (let entry = 0; entry < 4; entry += 1) cache.set(`${entry}${"x".repeat(40)}`, entry);
  assert.equal(cache.get("first"), undefined);
  assert.equal(cache.get(`3${"x".repeat(40)}`), 3);
});
