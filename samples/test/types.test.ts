import { createRequire } from "node:module";
import process from "node:process";
import { test } from "node:test";
import { run, runScript, skipUnlessInstalled } from "./program.ts";

test("the samples type-check", { skip: skipUnlessInstalled }, async () => {
  await runScript("prisma", "generate", process.env);
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  await run(".", process.execPath, [compiler, "--project", "."], process.env);
});
