/** What a user imports says what it is for: every export of the libraries has a doc comment, every number its unit. */
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { exportsOf } from "./exports.ts";

const root = path.resolve(import.meta.dirname, "..", "..", "..");
const libraries = ["toolkit", "cli", "load"].map((name) => `packages/${name}/src/index.ts`);
const exported = exportsOf(root, libraries);

for (const library of libraries) {
  const entries = exported.get(library) ?? [];

  test(`every export of ${library} has a doc comment`, () => {
    assert.ok(entries.length > 0);
    assert.deepEqual(
      entries
        .filter(({ documentation }) => documentation === "")
        .map(({ name, place }) => `${name} ${place}`),
      [],
    );
  });

  test(`every number in the options and results of ${library} says its unit`, () => {
    assert.deepEqual(
      entries.flatMap(({ name, place, numbersWithoutUnit }) =>
        numbersWithoutUnit.map((member) => `${name}.${member} ${place}`),
      ),
      [],
    );
  });
}
