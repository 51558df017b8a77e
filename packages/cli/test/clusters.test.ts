/** Several clusters of one stack, as a person uses them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { dsql, freePorts, newDataDir, startStack } from "./command.ts";

interface ListedCluster {
  readonly id: string;
  readonly region: string;
  readonly endpoint: string;
  readonly status: string;
  readonly name?: string;
  readonly peers: readonly string[];
}

describe("with a running stack", () => {
  let dataDir: string;

  // Hooks that before() registers would run when before() is over.
  const undone: (() => unknown)[] = [];
  const owner = { after: (run: () => unknown) => void undone.push(run) };
  after(async () => {
    for (const run of undone) await run();
  });

  before(async () => {
    dataDir = newDataDir(owner, "clusters");
    await startStack(owner, ["--data-dir", dataDir, ...freePorts]);
  });

  const here = async (...words: string[]): Promise<string> => {
    const outcome = await dsql([...words, "--data-dir", dataDir]);
    assert.equal(outcome.stderr, "");
    assert.equal(outcome.code, 0);
    return outcome.stdout;
  };
  const clusters = async (...words: string[]): Promise<ListedCluster[]> =>
    JSON.parse(await here("cluster", ...words, "--json")) as ListedCluster[];

  test("the first to ask is given the empty cluster of the stack, the next gets another", async () => {
    const [listed] = await clusters("list");
    const [first] = await clusters("create", "--name", "orders");
    assert.equal(first?.id, listed?.id);
    assert.equal(first?.name, "orders");
    const [second] = await clusters("create");
    assert.equal(second?.status, "ACTIVE");
    assert.notEqual(second?.id, first?.id);

    await here("sql", "--cluster", second?.id.slice(0, 8) ?? "", "CREATE TABLE here (id int PRIMARY KEY)");
    const outcome = await dsql(["sql", "--data-dir", dataDir, "TABLE here"]);
    assert.match(outcome.stderr, /42P01/);
    await here("cluster", "delete", second?.id ?? "");
    assert.equal((await clusters("list")).length, 1);
  });

  test("two Regions share their rows, and are deleted together", async () => {
    const [left, right] = await clusters("create", "--region", "us-east-1,us-east-2");
    assert.deepEqual([left?.region, right?.region], ["us-east-1", "us-east-2"]);
    assert.match(right?.peers[0] ?? "", new RegExp(`${left?.id ?? ""}$`));
    await here(
      "sql",
      "--cluster",
      "us-east-2",
      "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (7)",
    );
    const rows = await here("sql", "--json", "--cluster", left?.endpoint ?? "", "SELECT id FROM t");
    assert.deepEqual(JSON.parse(rows), { tag: "SELECT 1", rows: [{ id: 7 }] });
    assert.match(await here("token", "--cluster", "us-east-2"), /^\w+\.dsql\.us-east-2\.on\.aws\//);
    const environment = JSON.parse(await here("env", "--json", "--cluster", "us-east-2")) as Record<
      string,
      string
    >;
    assert.equal(environment["PGHOST"], right?.endpoint);
    assert.equal(environment["AWS_REGION"], "us-east-2");
    assert.match(await here("cluster", "delete", "us-east-2"), /and its peer/);
    assert.equal((await clusters("list")).length, 1);
  });

  test("a cluster that is not there is named, with those that are", async () => {
    const outcome = await dsql(["sql", "--data-dir", dataDir, "--cluster", "nowhere", "SELECT 1"]);
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /there is no cluster nowhere\nName one of \w{26}\.dsql\.us-east-1/);
  });

  test("what cannot be is refused before anything is made", async () => {
    for (const regions of ["us-east-1,us-east-1", "us-east-1,us-east-2,eu-west-1", "here"]) {
      const outcome = await dsql(["cluster", "create", "--data-dir", dataDir, "--region", regions]);
      assert.equal(outcome.code, 2, regions);
    }
    const witness = ["--region", "us-east-1,us-west-2", "--witness", "us-west-2"];
    const outcome = await dsql(["cluster", "create", "--data-dir", dataDir, ...witness]);
    assert.match(outcome.stderr, /one of the clusters' own\n.*--witness/);
    assert.equal((await clusters("list")).length, 1);
  });
});
