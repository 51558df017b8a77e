import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { sampleNames, samplesDir } from "./program.ts";

/** The client recipe's. A README may say beside a point how it is met, or why it need not be. */
const checklist = [
  "Load environment variables",
  "Initialize AWS SDK client for DSQL",
  "Generate authentication token",
  "Configure SSL/TLS with verify-full mode",
  "Enable direct TLS negotiation if driver supports it",
  "Establish database connection",
  "Set search_path based on user type",
  "Implement connection pooling with token refresh",
  "Execute database operations",
  "Clean up resources on exit",
];

for (const name of sampleNames) {
  test(`the README of samples/${name} goes through the recipe's checklist`, () => {
    const file = path.join(samplesDir, name, "README.md");
    assert.ok(existsSync(file), `samples/${name} has no README.md`);
    const points = [...readFileSync(file, "utf8").matchAll(/^- \[[x ]\] (.*)$/gm)].map(
      ([, point]) => point ?? "",
    );
    assert.deepEqual(
      checklist.filter((expected) => !points.some((point) => point.startsWith(expected))),
      [],
    );
  });
}

test("samples/README.md lists every sample", () => {
  const text = readFileSync(path.join(samplesDir, "README.md"), "utf8");
  assert.deepEqual(
    sampleNames.filter((name) => !text.includes(`](${name}/README.md)`)),
    [],
  );
});
