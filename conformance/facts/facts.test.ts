import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { test } from "node:test";
import { repositoryRoot } from "../paths.ts";
import { wireChecks } from "../wire/index.ts";
import { facts } from "./index.ts";
import { judgesOf } from "./judges.ts";

const judges = await judgesOf();

test("a script names facts that there are, and a fact's id is its own", () => {
  const ids = facts.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)]);
  for (const [id, files] of judges) assert.ok(ids.includes(id), `${files.join(", ")} names ${id}`);
});

test("every measured fact is judged by a script, a check or a test, or says why not", () => {
  const missing = facts
    .filter(({ mark }) => mark === "measured")
    .filter(({ id, checks, testedBy, unjudged }) => !judges.has(id) && !(checks ?? testedBy ?? unjudged))
    .map(({ id }) => id);
  assert.deepEqual(missing, []);
});

test("the wire checks and the tests that facts name are there", async () => {
  const names = wireChecks().map(({ name }) => name);
  for (const { id, checks, testedBy } of facts) {
    for (const check of checks ?? [])
      assert.ok(
        names.some((name) => name.startsWith(check)),
        `${id}: ${check}`,
      );
    if (testedBy !== undefined) await access(new URL(testedBy, repositoryRoot));
  }
});
