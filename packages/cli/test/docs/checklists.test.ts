/**
 * docs/checklists.md names what there is: each lint rule, each export of the toolkit, each command and option exists, and
 * each "overruled since" is the day on which a rule of the same row ended. (Its links are checked by tools/tidy.)
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { contextRules, rules } from "@dsql-local/spec";
import * as toolkit from "dsql-toolkit";
import { unknownMentions } from "./commands.ts";
import { readPage } from "./pages.ts";

interface Row {
  readonly line: number;
  readonly rule: string;
  readonly status: string;
  readonly place: string;
}

const page = "docs/checklists.md";
const rows = rowsOf(readPage(page));
const untilById = new Map(rules.map(({ id, until }) => [id, until]));
const ruleIds = new Set([
  ...untilById.keys(),
  ...contextRules.map(({ id }) => id),
  ...toolkit.lintRules.map(({ id }) => id),
]);

function rowsOf(text: string): Row[] {
  return text.split("\n").flatMap((line, index): Row[] => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const [, rule = "", status = "", place = ""] = cells;
    return cells.length !== 5 || /^(?:rule|-+)$/.test(rule) ? [] : [{ line: index + 1, rule, status, place }];
  });
}

function spans(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);
}

test("each row has one of the statuses, and says where", () => {
  assert.ok(rows.length > 100);
  const wrong = rows.filter(
    ({ status, place }) =>
      !/^(?:served|checked|yours|overruled(?: since \d{4}-\d\d-\d\d)?)$/.test(status) || place.length < 5,
  );
  assert.deepEqual(wrong, []);
});

test("each name in kebab case is a rule of the lint or of the service", () => {
  const isRuleName = (span: string): boolean => /^[a-z]+(?:-[a-z\d]+)+$/.test(span) && !isDriverStep(span);
  const unknown = rows.flatMap(({ line, place }) =>
    spans(place)
      .filter((span) => isRuleName(span) && !ruleIds.has(span))
      .map((span) => `${span} ${page}:${line}`),
  );
  assert.deepEqual(unknown, []);
});

/** Steps of a `ConnectError` are in kebab case as well. */
function isDriverStep(span: string): boolean {
  return toolkit.connectSteps.some((step) => step === span);
}

test("each function, class and constant is an export of the toolkit", () => {
  const isExportName = (span: string): boolean => /^(?:[a-z]+[A-Z]\w*|[A-Z][a-z]\w*|\w+\(\))$/.test(span);
  const members = new Set([
    "searchPath",
    "onRetry",
    "onEnd",
    "deadlineMs",
    "rejectUnauthorized",
    "BeforeConnect",
  ]);
  const unknown = rows.flatMap(({ line, place }) =>
    spans(place)
      .filter((span) => isExportName(span) && !members.has(span))
      .map((span) => span.replace("()", ""))
      .filter((name) => !(name in toolkit))
      .map((name) => `${name} ${page}:${line}`),
  );
  assert.deepEqual(unknown, []);
});

test("each command and each of its options exists", () => {
  const unknown = rows.flatMap(({ line, place }) =>
    spans(place).flatMap((span) => unknownMentions(span).map((name) => `${name} ${page}:${line}`)),
  );
  assert.deepEqual(unknown, []);
});

test("a rule is overruled since the day on which the service took it", () => {
  const dated = rows.filter(({ status }) => status.startsWith("overruled since "));
  assert.ok(dated.length > 5);
  const wrong = dated.filter(({ status, place }) => {
    const untils = spans(place).map((span) => untilById.get(span));
    return !untils.includes(status.slice("overruled since ".length));
  });
  assert.deepEqual(wrong, []);
});

test("the guide to the rules names days on which a rule ended", () => {
  const guide = readPage("docs/guides/rules-and-limits.md");
  const days = [...guide.matchAll(/\b2026-\d\d-\d\d\b/g)].map(([day]) => day);
  const ends = new Set(untilById.values());
  assert.ok(days.length > 8);
  assert.deepEqual(
    days.filter((day) => !ends.has(day)),
    [],
  );
});
