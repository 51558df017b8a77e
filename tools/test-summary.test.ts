import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { summaryOf, type TestRecord } from "./test-summary.ts";

const same = (file: string): string => file;

test("failed tests stand under the command that runs their file again", () => {
  const records: TestRecord[] = [
    { kind: "failure", file: "a.test.ts", test: "one", ms: 1_234 },
    { kind: "failure", file: "a.test.ts", test: "all > two", ms: 10 },
    { kind: "file", file: "a.test.ts", ms: 2_000 },
    { kind: "failure", file: "b.test.ts", test: "three", ms: 0 },
  ];
  assert.deepEqual(summaryOf(records, same), [
    "",
    "Failed, with the command that runs the file again:",
    "  node tools/dist/run-tests.js a.test.ts",
    "    one (after 1.2 s)",
    "    all > two (after 0.0 s)",
    "  node tools/dist/run-tests.js b.test.ts",
    "    three (after 0.0 s)",
  ]);
});

test("of many files the ten slowest are named, the slowest first", () => {
  const records = Array.from({ length: 12 }, (_, n): TestRecord => {
    return { kind: "file", file: `${n}.test.ts`, ms: n * 1_000 };
  });
  const lines = summaryOf(records, same);
  assert.deepEqual(lines.slice(0, 3), ["", "Slowest files:", "   11.0 s  11.test.ts"]);
  assert.equal(lines.length, 12);
});

test("of a run that passed there is nothing to say", () => {
  assert.deepEqual(summaryOf([{ kind: "file", file: "a.test.ts", ms: 1 }], same), []);
});

test("the recorder tells files that ended and tests that failed themselves", (t) => {
  const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), "test-recorder-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const file = path.join(folder, "sample.test.mjs");
  writeFileSync(
    file,
    `import { describe, test } from "node:test";
     describe("all", () => {
       test("passes", () => {});
       test("fails", () => { throw new Error("on purpose"); });
     });`,
  );
  const recorder = new URL("test-recorder.js", import.meta.url).href;
  const { NODE_TEST_CONTEXT: _, ...env } = process.env; // A runner within a runner would report to the outer one.
  const { stdout } = spawnSync(process.execPath, ["--test", `--test-reporter=${recorder}`, file], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  const records = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as TestRecord)
    .map(({ ms: _ms, ...record }) => record);
  assert.deepEqual(
    new Set(records),
    new Set([
      { kind: "failure", file, test: "all > fails" },
      { kind: "file", file },
    ]),
  );
});
