import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { catalogue, entriesOf, withTables, wordsOf } from "./errors-page.ts";

const path = join(import.meta.dirname, "..", "..", "..", "..", "docs", "errors.md");
const page = await readFile(path, "utf8");

test("docs/errors.md has each error of the catalogue, with the same words, and no other", () => {
  assert.deepEqual(Object.fromEntries(entriesOf(page)), Object.fromEntries(catalogue()));
});

test("each entry of docs/errors.md says when the error comes and what to do", () => {
  for (const name of catalogue().keys()) {
    const { when, toDo } = wordsOf(page, name);
    assert.ok(when.length > 10 && toDo.length > 10, name);
  }
});

test("the tables of docs/errors.md are those of the rules and the limits", async () => {
  const rendered = withTables(page);
  // To take over a change of the data: UPDATE_DOCS=1 node --test packages/spec/dist/test/errors-page.test.js
  if (process.env["UPDATE_DOCS"] === "1") await writeFile(path, rendered);
  else assert.equal(page, rendered);
});
