/**
 * A published package brings its compiled files. A fresh clone after `npm ci` has none: it builds itself once, so that
 * `npx dsql` works without a step to remember.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";

const packageDir = path.resolve(import.meta.dirname, "..");
const workspaceDir = path.resolve(packageDir, "..", "..");

/** @param {string} compiledFile relative to this package, for example `dist/src/dsql.js` */
export function ensureBuilt(compiledFile) {
  if (existsSync(path.join(packageDir, compiledFile))) return;
  checkSources(compiledFile);
  console.error("Building dsql-local once (about half a minute) ...");
  const built = spawnSync(process.execPath, compilation(), compilerOptions);
  if (built.status !== 0) fail();
  const page = spawnSync(process.execPath, pageBuild, compilerOptions);
  if (page.status !== 0) fail();
}

/**
 * Builds what has changed, whatever is there, and says so while it lasts: a first build takes half a minute.
 *
 * @param {string} compiledFile
 */
export async function buildAnew(compiledFile) {
  checkSources(compiledFile);
  const isFirst = !existsSync(path.join(packageDir, compiledFile));
  const shown = showBuild(isFirst);
  const compiler = spawn(process.execPath, compilation(), compilerOptions);
  let [code] = await once(compiler, "close");
  if (code === 0) [code] = await once(spawn(process.execPath, pageBuild, compilerOptions), "close");
  shown.end(code === 0);
  if (code !== 0) fail();
}

// The compiler's words go to stderr: stdout belongs to the command, which may print JSON.
/** @type {import("node:child_process").CommonSpawnOptions & { stdio: ["ignore", 2, 2] }} */
const compilerOptions = { cwd: workspaceDir, stdio: ["ignore", 2, 2] };

/** The console's page is put together of what the compiler has made. */
const pageBuild = ["packages/console/build.js"];

function compilation() {
  return [createRequire(import.meta.url).resolve("typescript/bin/tsc"), "-b"];
}

/** @param {string} compiledFile */
function checkSources(compiledFile) {
  if (existsSync(path.join(workspaceDir, "tsconfig.json"))) return;
  console.error(`${compiledFile} is missing from ${packageDir}. Install the package again.`);
  process.exit(1);
}

function fail() {
  console.error("The build failed. See the messages above; `npm run build` repeats it.");
  process.exit(1);
}

/**
 * On a terminal a line with a spinner and the time, in a pipe one when a first build begins and one when it has ended. Of
 * a later build, which takes a second or two, nothing stays.
 *
 * @param {boolean} isFirst
 */
function showBuild(isFirst) {
  const name = isFirst ? "Build from source (half a minute, once)" : "Build what has changed";
  const startedAtMs = performance.now();
  const seconds = () => `${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`;
  const isTerminal = process.stdout.isTTY === true;
  let frame = 0;
  const draw = () => {
    frame = (frame + 1) % spinnerFrames.length;
    process.stdout.write(`\r  ${spinnerFrames[frame]} ${name}  ${seconds()}\u001b[K`);
  };
  // Whoever has left is told by the command itself, once there is one.
  process.stdout.on("error", ignore);
  if (!isTerminal && isFirst) process.stdout.write(`  … ${name}\n`);
  const timer = isTerminal ? setInterval(draw, 100) : undefined;
  return {
    /** @param {boolean} hasSucceeded */
    end(hasSucceeded) {
      clearInterval(timer);
      const line = isFirst ? `  ${hasSucceeded ? "✓" : "✗"} ${name}  ${seconds()}\n` : "";
      if (isTerminal) process.stdout.write(`\r\u001b[K${line}`);
      else if (isFirst) process.stdout.write(line);
      process.stdout.off("error", ignore);
    },
  };
}

function ignore() {
  // The command that follows writes, and hears of it.
}

const spinnerFrames = [..."⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"];
