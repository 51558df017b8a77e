/**
 * Runs the compiled tests of every workspace with Node's own runner.
 *
 *     node tools/dist/run-tests.js [part of a path …]
 *
 * Promises
 * - Only tests whose source still exists run: a compiled file that was left behind by a rename does not.
 * - Two files at a time: the part tests start real servers, and more would only make them wait for each other.
 * - A test that hangs is ended after `testMinutesMax` and counted as failed.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { filesBelow } from "./files.ts";

const filesAtOnceMax = 2;
const testMinutesMax = 5;

/** Where tests are compiled to, cheapest first: who broke something small wants to hear of it early. */
const compiledFolders = [
  "tools/dist",
  "packages/spec/dist",
  "packages/load/dist",
  "packages/toolkit/dist",
  "packages/cluster/dist",
  "packages/cloud/dist",
  "packages/cli/dist",
  "conformance/dist",
  "tutorial/dist",
  "samples/test/dist",
];

/** @returns paths relative to `root` that match one of the filters; all when there is none */
export function testFiles(root: string, filters: readonly string[]): string[] {
  return compiledFolders
    .flatMap((folder) => filesBelow(root, folder, { skip: ["node_modules"] }))
    .filter((file) => file.endsWith(".test.js") && existsSync(path.join(root, sourceOf(file))))
    .filter((file) => filters.length === 0 || filters.some((filter) => isMeant(file, filter)));
}

/** A filter is part of the path of the source or of the compiled file, whichever a shell completed. */
function isMeant(file: string, filter: string): boolean {
  return file.includes(filter) || sourceOf(file).includes(filter);
}

/** `packages/load/dist/src/report.test.js` was `packages/load/src/report.test.ts`. */
export function sourceOf(compiledFile: string): string {
  return compiledFile.replace("/dist/", "/").replace(/\.js$/, ".ts");
}

async function run(root: string, files: readonly string[]): Promise<number> {
  const child = spawn(
    process.execPath,
    [
      "--enable-source-maps",
      "--test",
      `--test-concurrency=${filesAtOnceMax}`,
      `--test-timeout=${testMinutesMax * 60_000}`,
      "--test-reporter=spec",
      ...files,
    ],
    { cwd: root, stdio: ["ignore", "inherit", "inherit"] },
  );
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      resolve(code ?? 1);
    });
  });
}

async function main(): Promise<void> {
  const root = path.resolve(import.meta.dirname, "..", "..");
  const filters = process.argv.slice(2);
  const files = testFiles(root, filters);
  if (files.length === 0) {
    console.error(`No compiled test matches ${filters.join(" or ")}. Build first: npm run build`);
    process.exitCode = 1;
    return;
  }
  const startedAtMs = performance.now();
  process.exitCode = await run(root, files);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(`${files.length} test files in ${seconds} s: ${process.exitCode === 0 ? "passed" : "FAILED"}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
