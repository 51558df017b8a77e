/** The samples that are not for Node run where their tools are installed. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { test } from "node:test";
import { conflictOutput, recipeOutput } from "./owner-program.ts";
import { run } from "./program.ts";
import { startStack } from "./stack.ts";

function isInstalled(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const isWindows = process.platform === "win32";
const ruby = isInstalled("ruby", "-e", 'require "pg"');
const psql = !isWindows && isInstalled("psql", "--version");
const python = ["python3", "/usr/bin/python3", "python"].find((command) =>
  isInstalled(command, "-c", "import psycopg2"),
);
/** Where Debian puts it; PGJDBC_JAR names another place. */
const jdbcJar = process.env["PGJDBC_JAR"] ?? "/usr/share/java/postgresql.jar";
const java = isInstalled("java", "--version") && existsSync(jdbcJar);

test("samples/psql", { skip: !psql && "psql is not installed" }, async (context) => {
  const stack = await startStack(context);
  for (const environment of [stack.admin, stack.role]) {
    const output = await run("psql", "sh", ["owner.sh"], environment);
    assert.match(output, /INSERT 0 1\n[^]* John Doe \| Anytown \| 555-555-1999\n[^]*\nUPDATE 1\nDELETE 1\n$/);
  }
});

test("samples/python", { skip: python === undefined && "psycopg2 is not installed" }, async (context) => {
  const stack = await startStack(context);
  for (const environment of [stack.admin, stack.role]) {
    assert.equal(await run("python", python ?? "", ["owner.py"], environment), conflictOutput);
  }
});

test("samples/ruby-pg", { skip: !ruby && "Ruby's pg is not installed" }, async (context) => {
  const stack = await startStack(context, { for: "ruby" });
  for (const environment of [stack.admin, stack.admin, stack.role]) {
    assert.equal(await run("ruby-pg", "ruby", ["owner.rb"], environment), conflictOutput);
  }
});

test("samples/java", { skip: !java && "java or pgJDBC is not installed" }, async (context) => {
  const stack = await startStack(context);
  const folder = mkdtempSync(path.join(os.tmpdir(), "dsql-sample-java-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const hostsFile = path.join(folder, "hosts");
  writeFileSync(hostsFile, `${stack.cluster.host} ${stack.cluster.endpoint}\n`);
  const args = [`-Djdk.net.hosts.file=${hostsFile}`, "-cp", jdbcJar, "Owner.java"];
  for (const environment of [stack.admin, stack.role]) {
    assert.equal(await run("java", "java", args, environment), recipeOutput);
  }
});
