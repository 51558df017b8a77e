import assert from "node:assert/strict";
import { test } from "node:test";
import { createSubject } from "./match.ts";
import { refuse, rulesAsOf } from "./refuse.ts";
import type { Rule } from "./rule.ts";

const rule = (id: string, more: Partial<Rule>): Rule => ({
  id,
  topic: "statements",
  match: { node: "Thing" },
  example: "",
  reason: "",
  remedy: "",
  message: id,
  source: "https://example.com",
  mark: "measured",
  ...more,
});

const subject = createSubject(
  { Thing: { name: "x", inner: { Part: {} } } },
  { isAsync: false, writes: () => false },
);

const refusedBy = (rules: readonly Rule[], asOf: string): string | undefined =>
  refuse(subject, rulesAsOf(rules, asOf))?.rule.id;

test("a rule holds from its first day up to, not including, its last", () => {
  const rules = [rule("dated", { since: "2026-02-03", until: "2026-08-26" })];
  const days = ["2026-02-02", "2026-02-03", "2026-08-25", "2026-08-26"];
  assert.deepEqual(
    days.map((day) => refusedBy(rules, day)),
    [undefined, "dated", "dated", undefined],
  );
});

test("a month means its last day, and latest means every change", () => {
  const rules = [rule("dated", { until: "2026-08-26" })];
  assert.equal(refusedBy(rules, "2026-07"), "dated");
  assert.equal(refusedBy(rules, "2026-08"), undefined);
  assert.equal(refusedBy(rules, "latest"), undefined);
});

test("the first rule of the catalogue answers, whatever node it is about", () => {
  const inner = rule("inner", { match: { node: "Part", anywhere: true } });
  const outer = rule("outer", {});
  assert.equal(refusedBy([inner, outer], "latest"), "inner");
  assert.equal(refusedBy([outer, inner], "latest"), "outer");
});

test("slots are filled from the matched node", () => {
  const rules = [
    rule("slots", { message: "{a} and {b}", slots: { a: "name", b: { path: "name", show: "upperCase" } } }),
  ];
  assert.equal(refuse(subject, rulesAsOf(rules, "latest"))?.message, "x and X");
});

test("a date that is none is refused", () => {
  assert.throws(() => rulesAsOf([], "2026"), RangeError);
});

test("a limit that was lowered holds in place of the service's", () => {
  const table = createSubject({ Thing: { columns: 5 } }, { isAsync: false, writes: () => false });
  const rules = [
    rule("wide", { match: { node: "Thing", where: { columns: { above: "columnsPerTableMax" } } } }),
  ];
  assert.equal(refuse(table, rulesAsOf(rules, "latest")), undefined);
  assert.equal(refuse(table, rulesAsOf(rules, "latest", { columnsPerTableMax: 5 })), undefined);
  const refused = refuse(table, rulesAsOf(rules, "latest", { columnsPerTableMax: 4 }));
  assert.equal(refused?.rule.id, "wide");
  assert.equal(refused.detail, "The limit in force here: 4 columns.");
});
