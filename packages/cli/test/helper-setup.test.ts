/** The setup of chapter 6 against a real cluster. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Outcome, dsql, eventually, freePorts, newDataDir, run, startStack } from "./command.ts";
import { startRelay } from "./relay.ts";

const helperFile = fileURLToPath(new URL("../../bin/helper.js", import.meta.url));

interface SetupResult {
  readonly passed: boolean;
  readonly accountsBefore: number;
  readonly inserted: number;
  readonly accounts: number;
}

test("the setup creates the accounts that are missing, in parallel, and nothing twice", async (t) => {
  const dataDir = newDataDir(t);
  await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  const variables = await dsql(["env", "--json", "--data-dir", dataDir]);
  const env = { ...process.env, ...(JSON.parse(variables.stdout) as Record<string, string>) };
  const sql = async (statement: string): Promise<Outcome> =>
    await dsql(["sql", "--data-dir", dataDir, statement]);
  const helper = async (...args: string[]): Promise<Outcome> =>
    await run(process.execPath, [helperFile, ...args, "--accounts", "20000", "--workers", "4"], { env });
  const setUp = async (): Promise<SetupResult> =>
    JSON.parse((await helper("--setup-ch06", "--json")).stdout) as SetupResult;

  const early = await helper("--setup-ch06");
  assert.equal(early.code, 1);
  assert.match(early.stderr, /there is no table accounts\nChapter 3 creates it/);

  await sql("CREATE TABLE accounts (id INT PRIMARY KEY, balance INT)");
  await sql("INSERT INTO accounts SELECT id, 100 FROM generate_series(1, 1000) AS id");
  const { code, stdout } = await helper("setup-ch04");
  assert.equal(code, 0);
  assert.match(stdout, /^Setting up Chapter 4: Creating 20,000 accounts\n\nCurrent account count: 1,000\n/);
  assert.match(stdout, /^Inserting 19,000 more accounts to reach 20,000\.\.\.$/m);
  // Four workers in any order; their ranges follow each other.
  const ranges = [...stdout.matchAll(/^ {2}\[Worker (\d)\] Inserted accounts ([\d,]+) to ([\d,]+)$/gm)];
  assert.deepEqual(ranges.map(([, worker, first, last]) => `${worker}: ${first}-${last}`).sort(), [
    "1: 1,001-5,750",
    "2: 5,751-10,500",
    "3: 10,501-15,250",
    "4: 15,251-20,000",
  ]);
  assert.match(stdout, /^Account insertion complete!\n\n✅ Chapter 4 setup complete$/m);

  // As an interruption leaves it: holes, some inside a batch.
  await sql("DELETE FROM accounts WHERE id BETWEEN 4500 AND 6000");
  await sql("UPDATE accounts SET balance = 7 WHERE id = 20000");
  const resumed = await setUp();
  assert.deepEqual(
    [resumed.passed, resumed.accountsBefore, resumed.inserted, resumed.accounts],
    [true, 18_499, 1_501, 20_000],
  );
  assert.equal((await setUp()).inserted, 0);
  const books = await sql("SELECT count(*), count(DISTINCT id), sum(balance) FROM accounts");
  assert.match(books.stdout, /20000 +\| +20000 +\| +1999907/);
});

test("a setup that Ctrl-C ends says what it has done, and the next one inserts the rest", async (t) => {
  const dataDir = newDataDir(t);
  const { facts } = await startStack(t, ["--data-dir", dataDir, ...freePorts]);
  const variables = await dsql(["env", "--json", "--data-dir", dataDir]);
  const env = { ...process.env, ...(JSON.parse(variables.stdout) as Record<string, string>) };
  await dsql(["sql", "--data-dir", dataDir, "CREATE TABLE accounts (id INT PRIMARY KEY, balance INT)"]);
  const args = [helperFile, "--setup-ch06", "--accounts", "20000", "--workers", "4"];

  // The first connection counts the accounts; of the four workers two get theirs, so that the setup cannot end.
  const relay = await startRelay(t, facts.port, 3);
  const child = spawn(process.execPath, args, {
    env: { ...env, PGPORT: String(relay.port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = once(child, "close");
  await eventually("two workers have ended", () => stdout.split("[Worker ").length === 3);
  child.kill("SIGINT");
  await eventually("it is ending", () => stderr.includes("Ctrl-C again ends at once"));
  relay.release();
  assert.deepEqual(await ended, [130, null], stderr);
  assert.match(stdout, /^Interrupted after 10,000 accounts\. Run it again to insert the others\.$/m);

  const resumed = await run(process.execPath, [...args, "--json"], { env });
  const { passed, accountsBefore, inserted } = JSON.parse(resumed.stdout) as SetupResult;
  assert.deepEqual([passed, accountsBefore, inserted], [true, 10_000, 10_000]);
  const books = await dsql(["sql", "--data-dir", dataDir, "SELECT count(*), sum(balance) FROM accounts"]);
  assert.match(books.stdout, /20000 +\| +2000000/);
});
