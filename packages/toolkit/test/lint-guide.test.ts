/** The guide and the catalogue agree. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { rules } from "@dsql-local/spec";
import { fixableRuleIds, lintRules } from "../src/index.ts";

const guide = readFileSync(new URL("../../../../docs/guides/lint.md", import.meta.url), "utf8");
const named = new Set([...guide.matchAll(/`([a-z]+(?:-[a-z]+)*)`/g)].map(([, id]) => id ?? ""));
const serviceIds = new Set(rules.map(({ id }) => id));

test("the guide names every rule that is the lint's own", () => {
  const own = lintRules.map(({ id }) => id).filter((id) => !serviceIds.has(id));
  assert.deepEqual(
    own.filter((id) => !named.has(id)),
    [],
  );
});

test("the guide's table of fixes names every rule that has one", () => {
  const table = guide.slice(guide.indexOf("## Fixes"), guide.indexOf("## Rules of the context"));
  assert.deepEqual(
    fixableRuleIds.filter((id) => !table.includes(`\`${id}\``)),
    [],
  );
  assert.deepEqual(
    fixableRuleIds.filter((id) => !lintRules.some((rule) => rule.id === id)),
    [],
  );
});
