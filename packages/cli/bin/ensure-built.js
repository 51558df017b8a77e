/**
 * A published package brings its compiled files. A fresh clone after `npm ci` has none: it builds itself once, so that
 * `npx dsql` works without a step to remember.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";

const packageDir = path.resolve(import.meta.dirname, "..");
const workspaceDir = path.resolve(packageDir, "..", "..");

/** @param {string} compiledFile relative to this package, for example `dist/src/dsql.js` */
export function ensureBuilt(compiledFile) {
  if (existsSync(path.join(packageDir, compiledFile))) return;
  if (!existsSync(path.join(workspaceDir, "tsconfig.json"))) {
    console.error(`${compiledFile} is missing from ${packageDir}. Install the package again.`);
    process.exit(1);
  }
  console.error("Building dsql-local once (about half a minute) ...");
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const built = spawnSync(process.execPath, [compiler, "-b", "packages/cli"], {
    cwd: workspaceDir,
    // The compiler's words go to stderr: stdout belongs to the command, which may print JSON.
    stdio: ["ignore", 2, 2],
  });
  if (built.status !== 0) {
    console.error("The build failed. See the messages above; `npm run build` repeats it.");
    process.exit(1);
  }
}
