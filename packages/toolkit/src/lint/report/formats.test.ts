import assert from "node:assert/strict";
import { test } from "node:test";
import {
  lintReportAsJson,
  lintReportAsSarif,
  lintReportAsText,
  lintTexts,
  type LintReport,
} from "../index.ts";

const report = (text: string, file = "a.sql", asOf = "latest"): Promise<LintReport> =>
  lintTexts([{ file, text }], { asOf });

test("for people: what, where with a caret, why with its source, and what to do", async () => {
  const text = lintReportAsText(await report("CREATE INDEX i\n  ON t USING btree (a);", "db/a.sql"));
  assert.match(
    text,
    /^error\[index-without-async\] unsupported mode\. please use CREATE INDEX ASYNC\.\n --> db\/a\.sql:1:8\n1 \| CREATE INDEX i\n {2}\| {8}\^{5}\n/,
  );
  assert.match(text, /\n2 \| {3}ON t USING btree \(a\);\n {2}\| {8}\^{5}\n/);
  assert.match(text, /= why: .* \(measured; https:/);
  assert.match(text, /= fix: .*ASYNC.* \(--fix does it\)/);
  assert.match(text, /\nFound 2 errors and no advice in 1 statement in 1 file\. --fix mends 2;/);
});

test("the reason of a rule is given once", async () => {
  const text = lintReportAsText(await report("TRUNCATE a;\nTRUNCATE b;"));
  assert.equal(text.match(/= why:/g)?.length, 1);
  assert.equal(text.match(/= fix:/g)?.length, 2);
});

test("what older rules refuse says since when it is taken", async () => {
  const text = lintReportAsText(await report("ALTER TABLE t DROP COLUMN a", "a.sql", "2025-11"));
  assert.match(text, /since 2026-08-03 the service takes it/);
});

test("a long line is cut around the finding, and control characters are not obeyed", async () => {
  const text = lintReportAsText(await report(`SELECT '${"x".repeat(300)}\u001b[31m' FROM t FOR SHARE;`));
  const [line, caret] = text.split("\n").slice(2, 4);
  assert.ok((line?.length ?? 0) < 130);
  assert.equal(line?.slice(caret?.indexOf("^")).charAt(0), "t");
  assert.ok(!text.includes("\u001b"));
});

test("nothing to say is said too", async () => {
  assert.equal(lintReportAsText(await report("SELECT 1;")), "No findings: 1 statement in 1 file.\n");
});

test("for programs: JSON with a summary", async () => {
  const parsed = JSON.parse(lintReportAsJson(await report("TRUNCATE t"))) as {
    schemaVersion: number;
    summary: Record<string, number>;
    findings: Record<string, unknown>[];
  };
  assert.equal(parsed.schemaVersion, 1);
  assert.deepEqual(parsed.summary, {
    ...{ errors: 1, advice: 0, fixable: 0, suppressed: 0 },
    ...{ files: 1, statements: 1, unreadable: 0 },
  });
  assert.deepEqual([parsed.findings[0]?.["ruleId"], parsed.findings[0]?.["line"]], ["truncate", 1]);
});

test("for code scanning: SARIF, whose results point to their rules", async () => {
  const log = JSON.parse(
    lintReportAsSarif(await report("TRUNCATE t;\nDELETE FROM t;", "my files/a.sql")),
  ) as {
    version: string;
    runs: {
      tool: { driver: { rules: { id: string }[] } };
      results: {
        ruleId: string;
        ruleIndex: number;
        level: string;
        locations: { physicalLocation: { artifactLocation: { uri: string }; region: object } }[];
      }[];
    }[];
  };
  const [run] = log.runs;
  assert.equal(log.version, "2.1.0");
  assert.deepEqual(
    run?.results.map(({ ruleId, level }) => [ruleId, level]),
    [
      ["truncate", "error"],
      ["unbounded-change", "warning"],
    ],
  );
  for (const { ruleId, ruleIndex } of run?.results ?? [])
    assert.equal(run?.tool.driver.rules[ruleIndex]?.id, ruleId);
  assert.deepEqual(run?.results[0]?.locations[0]?.physicalLocation, {
    artifactLocation: { uri: "my%20files/a.sql" },
    region: { startLine: 1, startColumn: 1, endLine: 1, endColumn: 11 },
  });
});
