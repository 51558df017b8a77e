/**
 * Runs the compiled tests of every workspace with Node's own runner.
 *
 *     node tools/dist/run-tests.js [--verbose] [part of a path …]
 *
 * Promises
 * - Only tests whose source still exists run: a compiled file that was left behind by a rename does not.
 * - Two files at a time: the part tests start real servers, and more would only make them wait for each other.
 * - A file that hangs is ended after `fileMinutesMax` and counted as failed. Nothing that failed is tried again: a test that
 *   passes the second time has found something.
 * - It prints what fails, and how far it is; with `--verbose` each test.
 * - In the end it says which files were slow and which tests failed, with the command that runs their file again.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { filesBelow } from "./files.ts";
import { summaryOf, type TestRecord } from "./test-summary.ts";

const filesAtOnceMax = 2;

/** To Node's runner a file is a test too, so this bounds whole files. The slowest take a minute and a half on two cores. */
const fileMinutesMax = 20;

/** Where tests are compiled to. Node's runner sorts the files of all of them by their paths. */
const compiledFolders = [
  "tools/dist",
  "packages/spec/dist",
  "packages/account/dist",
  "packages/sql/dist",
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

/** @returns the runner's exit code */
async function run(
  root: string,
  files: readonly string[],
  options: { readonly recordFile: string; readonly isVerbose: boolean },
): Promise<number> {
  const reporter = options.isVerbose ? "spec" : new URL("test-progress.js", import.meta.url).href;
  const child = spawn(
    process.execPath,
    [
      "--enable-source-maps",
      "--test",
      `--test-concurrency=${filesAtOnceMax}`,
      `--test-timeout=${fileMinutesMax * 60_000}`,
      `--test-reporter=${reporter}`,
      "--test-reporter-destination=stdout",
      `--test-reporter=${new URL("test-recorder.js", import.meta.url).href}`,
      `--test-reporter-destination=${options.recordFile}`,
      ...files,
    ],
    {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        TEST_PROGRESS_FILES: String(files.length),
        TEST_PROGRESS_TERMINAL: process.stdout.isTTY ? "1" : "0",
      },
    },
  );
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      resolve(code ?? 1);
    });
  });
}

/** None where the runner ended before its reporters began. */
function recordsIn(recordFile: string): TestRecord[] {
  if (!existsSync(recordFile)) return [];
  const lines = readFileSync(recordFile, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as TestRecord);
}

async function main(): Promise<void> {
  const root = path.resolve(import.meta.dirname, "..", "..");
  const isVerbose = process.argv.includes("--verbose");
  const filters = process.argv.slice(2).filter((argument) => argument !== "--verbose");
  const files = testFiles(root, filters);
  if (files.length === 0) {
    console.error(`No compiled test matches ${filters.join(" or ")}. Build first: npm run build`);
    process.exitCode = 1;
    return;
  }
  const startedAtMs = performance.now();
  const folder = mkdtempSync(path.join(os.tmpdir(), "run-tests-"));
  try {
    const recordFile = path.join(folder, "records");
    console.log(`Running ${files.length} test files, ${filesAtOnceMax} at a time.`);
    process.exitCode = await run(root, files, { recordFile, isVerbose });
    const nameOf = (file: string): string => sourceOf(path.relative(root, file).replaceAll(path.sep, "/"));
    for (const line of summaryOf(recordsIn(recordFile), nameOf)) console.log(line);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  console.log(`${files.length} test files in ${seconds} s: ${process.exitCode === 0 ? "passed" : "FAILED"}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
