import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { judgesOf } from "../facts/judges.ts";
import { knownDifferences } from "../known-differences.ts";
import { repositoryRoot } from "../paths.ts";
import { compatibilityPage } from "./page.ts";

const path = new URL("docs/compatibility.md", repositoryRoot);

test("docs/compatibility.md is what facts, scripts, rules and known differences say", async () => {
  const page = compatibilityPage({ judges: await judgesOf(), differences: await knownDifferences() });
  // To take over a change of the data: UPDATE_DOCS=1 node --test conformance/dist/compatibility/page.test.js
  if (process.env["UPDATE_DOCS"] === "1") await writeFile(path, page);
  else assert.equal(await readFile(path, "utf8"), page);
});
