/**
 * Writes the client of the schema to `dist/`, unless it is there already. It is written aside first, so that who uses it meanwhile
 * never sees half of it.
 *
 * Prisma's command line wants its schema engine first, a program that it downloads, though generating does not use it.
 * Any program in its place will do, and so no network is needed.
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";

const here = import.meta.dirname;
const require = createRequire(import.meta.url);
const output = path.join(here, "dist");
const stamp = "made-of.txt";

/** Of what the client is made: the schema and Prisma's version. */
const source =
  readFileSync(path.join(here, "prisma/schema.prisma"), "utf8") + require("prisma/package.json").version;

function isThere() {
  const file = path.join(output, stamp);
  return existsSync(file) && readFileSync(file, "utf8") === source;
}

function generate(folder) {
  mkdirSync(path.join(folder, "prisma"));
  cpSync(path.join(here, "prisma/schema.prisma"), path.join(folder, "prisma/schema.prisma"));
  const schema = path.relative(here, path.join(folder, "prisma/schema.prisma"));
  execFileSync(
    process.execPath,
    [require.resolve("prisma/build/index.js"), "generate", "--no-hints", "--schema", schema],
    {
      cwd: here,
      env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1", ...process.env },
      // What it says is of use only when it fails, and then it is in the error.
      stdio: "pipe",
    },
  );
  writeFileSync(path.join(folder, "dist", stamp), source);
}

if (!isThere()) {
  const folder = mkdtempSync(path.join(here, ".generate-"));
  try {
    generate(folder);
    // Another may have been quicker.
    if (!isThere()) {
      rmSync(output, { recursive: true, force: true });
      renameSync(path.join(folder, "dist"), output);
    }
  } catch (error) {
    if (!isThere()) throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
