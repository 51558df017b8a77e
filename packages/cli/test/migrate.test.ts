import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { dsql, freePorts, newDataDir, type Outcome, startStack } from "./command.ts";

describe("dsql migrate", () => {
  let dataDir: string;
  let folder: string;
  const undoings: (() => unknown)[] = [];
  const owner = { after: (run: () => unknown) => void undoings.push(run) };

  before(async () => {
    dataDir = newDataDir(owner);
    folder = path.join(path.dirname(dataDir), "migrations");
    mkdirSync(folder);
    await startStack(owner, ["--data-dir", dataDir, ...freePorts]);
  });
  after(async () => {
    for (const undo of undoings.reverse()) await undo();
  });

  const migrate = (part: string, ...args: readonly string[]): Promise<Outcome> =>
    dsql(["migrate", part, "--dir", folder, "--data-dir", dataDir, ...args]);

  test("new, plan, up and status take a folder from empty to applied", async () => {
    const made = await dsql(["migrate", "new", "add owner", "--dir", folder]);
    assert.equal(made.code, 0, made.stderr);
    const [name = ""] = readdirSync(folder);
    assert.match(name, /^\d{14}_add_owner\.sql$/);
    writeFileSync(
      path.join(folder, name),
      "CREATE TABLE owner (id int PRIMARY KEY);\nCREATE INDEX ON owner USING btree (id);\n",
    );

    const plan = await migrate("plan");
    assert.equal(plan.code, 0, plan.stderr);
    assert.match(
      plan.stdout,
      /2 {2}CREATE INDEX ASYNC "owner_id_idx" ON owner \(id\)\n {6}rewritten: removes USING btree/,
    );
    assert.equal((await migrate("status")).code, 1);

    const up = await migrate("up");
    assert.equal(up.code, 0, up.stderr);
    assert.equal(up.stdout, "1 migration applied.\n");
    const status = await migrate("status", "--json");
    assert.equal(status.code, 0);
    const { migrations } = JSON.parse(status.stdout) as { migrations: { id: string; state: string }[] };
    assert.deepEqual(
      migrations.map(({ id, state }) => [id, state]),
      [[name.slice(0, -4), "applied"]],
    );
  });

  test("what goes wrong says what to do, with its exit code", async () => {
    writeFileSync(path.join(folder, "90000000000000_bad.sql"), "CREATE TYPE mood AS ENUM ('sad');");
    const up = await migrate("up");
    assert.equal(up.code, 1);
    assert.match(up.stderr, /90000000000000_bad\.sql:1: .*\n.*Nothing has been run\./);
    const plan = await migrate("plan");
    assert.equal(plan.code, 1);
    assert.match(plan.stdout, /cannot be run: .*90000000000000_bad\.sql:1/);
    const baseline = await migrate("baseline", "--to", "90000000000000_bad", "--json");
    assert.deepEqual(JSON.parse(baseline.stdout), { baseline: ["90000000000000_bad"] });
    assert.equal((await migrate("repair", "--forget", "90000000000000_bad")).code, 0);
    assert.equal((await migrate("repair")).code, 2);
    const elsewhere = await dsql(["migrate", "plan", "--offline", "--dir", path.join(folder, "no")]);
    assert.equal(elsewhere.code, 2);
    assert.match(elsewhere.stderr, /there is no folder/);
  });
});
