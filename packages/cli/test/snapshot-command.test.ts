/** `dsql snapshot` and the HTTP it asks by, on a started stack. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { dsql, newDataDir, startStack } from "./command.ts";

test("a stack's data are saved, restored, listed and deleted, by command and by HTTP", async (t) => {
  const dataDir = newDataDir(t);
  const here = (...args: string[]): ReturnType<typeof dsql> => dsql([...args, "--data-dir", dataDir]);
  const none = await here("snapshot", "list");
  assert.equal(none.code, 1, "no stack runs");

  const stack = await startStack(t, ["--data-dir", dataDir, "--port", "0", "--aws-port", "0"]);
  await here("sql", "CREATE TABLE account (id int PRIMARY KEY); INSERT INTO account VALUES (1)");
  const ids = async (): Promise<unknown> => (await here("sql", "--json", "SELECT id FROM account")).stdout;
  const filled = await ids();
  assert.equal((await here("snapshot", "list")).stdout, "No snapshots.\n");
  assert.equal((await here("snapshot", "save", "filled")).stdout, "Saved filled.\n");
  await here("sql", "DELETE FROM account");
  assert.notEqual(await ids(), filled);
  assert.equal((await here("snapshot", "restore", "filled")).stdout, "Restored filled.\n");
  assert.equal(await ids(), filled);

  const authorization = `Bearer ${readFileSync(path.join(dataDir, "cloud", "api-token"), "utf8")}`;
  const ask = async (method: string, asked: string, body?: object): Promise<[number, unknown]> => {
    const response = await fetch(`${stack.facts.awsEndpoint}/_dsql/api/snapshots${asked}`, {
      method,
      headers: { authorization },
      ...(body && { body: JSON.stringify(body) }),
    });
    return [response.status, await response.json()];
  };
  assert.deepEqual(await ask("POST", "", { name: "other" }), [201, { snapshot: "other" }]);
  assert.deepEqual(await ask("GET", ""), [200, { snapshots: ["filled", "other"] }]);
  assert.deepEqual(await ask("POST", "/other/restore"), [200, { snapshot: "other" }]);
  assert.equal((await ask("POST", "", { name: "../x" }))[0], 409);
  assert.equal((await ask("POST", "", {}))[0], 400);
  assert.deepEqual(await ask("DELETE", "/nowhere"), [
    404,
    { error: 'there is no snapshot "nowhere"; there are: filled, other' },
  ]);
  assert.equal((await fetch(`${stack.facts.awsEndpoint}/_dsql/api/snapshots`)).status, 401);

  // As a later version of this program would have made it.
  const marker = path.join(dataDir, "postgres.snapshots", "other", "dsql_system_schema");
  const version = readFileSync(marker, "utf8");
  writeFileSync(marker, "1000\n");
  const refused = await here("snapshot", "restore", "other");
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    /was made by a newer version of this program \(system schema 1000, here \d+\)/,
  );
  assert.equal(await ids(), filled, "nothing has changed");
  writeFileSync(marker, version);

  assert.match((await here("snapshot", "restore", "nowhere")).stderr, /there is no snapshot "nowhere"/);
  assert.equal((await here("snapshot", "save")).code, 2);
  assert.equal((await here("snapshot", "delete", "other")).stdout, "Deleted other.\n");
  assert.equal((await here("snapshot", "list", "--json")).stdout, '{"snapshots":["filled"]}\n');
});
