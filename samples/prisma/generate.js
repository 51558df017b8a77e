/**
 * Writes the client of the schema to `dist/`.
 *
 * Prisma's command line wants its schema engine first, a program that it downloads, though generating does not use it.
 * Any program in its place will do, and so no network is needed.
 */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import process from "node:process";

const prisma = createRequire(import.meta.url).resolve("prisma/build/index.js");
execFileSync(process.execPath, [prisma, "generate", "--no-hints"], {
  cwd: import.meta.dirname,
  env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1", ...process.env },
  // What it says is of use only when it fails, and then it is in the error.
  stdio: "pipe",
});
