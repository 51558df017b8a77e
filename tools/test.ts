/**
 * `npm test`: the checks on the source tree, then every test. With a part of a path it runs those tests at once.
 *
 *     npm test
 *     npm test -- packages/cluster/src/sql [--verbose]
 */
import { spawnSync } from "node:child_process";
import path from "node:path";
import process from "node:process";

const root = path.resolve(import.meta.dirname, "..", "..");

/** Program with its arguments, as `npm run check` has them; the build has been made. */
const checks: readonly { readonly what: string; readonly command: readonly string[] }[] = [
  { what: "ESLint", command: ["node_modules/eslint/bin/eslint.js", "."] },
  {
    what: "Prettier",
    command: ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."],
  },
  { what: "layers, sizes, words and links", command: ["tools/dist/tidy/main.js"] },
];

function run(command: readonly string[]): number {
  const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: "inherit" });
  return status ?? 1;
}

function main(): number {
  const options = process.argv.slice(2);
  const hasFilter = options.some((option) => !option.startsWith("--"));
  for (const { what, command } of hasFilter ? [] : checks) {
    console.log(`Checking ${what}.`);
    const status = run(command);
    if (status !== 0) return status;
  }
  return run(["tools/dist/run-tests.js", ...options]);
}

process.exitCode = main();
