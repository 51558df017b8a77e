import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { dsql, freePorts, newDataDir, programFile, run, startStack, type StartedStack } from "./command.ts";

/** One stack serves every test of this file; a path with a blank is what users have. */
describe("with a running stack", () => {
  let stack: StartedStack;
  let dataDir: string;

  // Hooks that before() registers would run when before() is over.
  const undone: (() => unknown)[] = [];
  const owner = { after: (run: () => unknown) => void undone.push(run) };
  after(async () => {
    for (const run of undone) await run();
  });

  before(async () => {
    dataDir = newDataDir(owner, "my data");
    stack = await startStack(owner, ["--data-dir", dataDir, ...freePorts]);
  });

  test("status tells where it runs and exits 0", async () => {
    const outcome = await dsql(["status", "--json", "--data-dir", dataDir]);
    assert.equal(outcome.code, 0);
    const { state, startedAt, clusters, ...facts } = JSON.parse(outcome.stdout) as Record<string, unknown>;
    assert.equal(state, "running");
    const { clusterId: id, clusterEndpoint: endpoint, region } = stack.facts;
    assert.deepEqual(clusters, [{ id, region, endpoint }]);
    assert.ok(!Number.isNaN(Date.parse(String(startedAt))));
    assert.deepEqual(facts, stack.facts);
  });

  test("sql prints what psql would print", async () => {
    const outcome = await dsql(["sql", "--data-dir", dataDir, "SELECT 1 AS n, 'a' AS t; SELECT 2 AS m"]);
    assert.equal(outcome.code, 0);
    assert.equal(outcome.stdout, " n | t\n---+---\n 1 | a\n(1 row)\n m\n---\n 2\n(1 row)\n");
  });

  test("sql sends each statement alone, so one script may hold several DDL statements", async () => {
    const script =
      "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); INSERT INTO a VALUES (1)";
    const outcome = await dsql(["sql", "--data-dir", dataDir, script]);
    assert.equal(outcome.stderr, "");
    assert.equal(outcome.stdout, "CREATE TABLE\nCREATE TABLE\nINSERT 0 1\n");
  });

  test("sql reads from stdin", async () => {
    const outcome = await dsql(["sql", "--json", "--data-dir", dataDir, "-"], {
      stdin: "-- one\nSELECT 1 AS one;\n",
    });
    assert.deepEqual(JSON.parse(outcome.stdout), { tag: "SELECT 1", rows: [{ one: 1 }] });
  });

  test("an error of the server shows SQLSTATE and place, ends the script and exits 1", async () => {
    const outcome = await dsql(["sql", "--data-dir", dataDir, "SELECT 1;\nSELECT *\nFRM x; SELECT 2"]);
    assert.equal(outcome.code, 1);
    assert.match(outcome.stdout, /\(1 row\)\n$/);
    assert.match(outcome.stderr, /^ERROR: {2}42601: syntax error at or near "FRM"\nLINE 2: FRM x\n {8}\^\n/);
  });

  test("a role without AWS IAM GRANT is refused with the cluster's words and what to do", async () => {
    const outcome = await dsql(["sql", "--data-dir", dataDir, "--user", "stranger", "SELECT 1"]);
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /access denied/);
    assert.match(outcome.stderr, /AWS IAM GRANT stranger/);
  });

  test("sql runs where CLUSTER_ENDPOINT or --endpoint say; --data-dir on the command line means the stack", async () => {
    const { region, clusterEndpoint } = stack.facts;
    const environment = (await dsql(["env", "--data-dir", dataDir, "--json"])).stdout;
    const there = { ...process.env, ...(JSON.parse(environment) as Record<string, string>) };
    const who = ["SELECT current_user"];
    const named = await dsql(["sql", "--json", ...who], { env: there });
    assert.deepEqual(
      [named.stderr, JSON.parse(named.stdout)],
      ["", { tag: "SELECT 1", rows: [{ current_user: "admin" }] }],
    );

    // Of a cluster that is not there the server says so: the command went where it was told to.
    const elsewhere = { ...there, CLUSTER_ENDPOINT: `abcdefghij0123456789klmnop.dsql.${region}.on.aws` };
    assert.equal((await dsql(["sql", ...who], { env: elsewhere })).code, 1);
    const back = await dsql(["sql", "--endpoint", clusterEndpoint, ...who], { env: elsewhere });
    assert.equal(back.stderr, "");
    const local = await dsql(["sql", "--data-dir", dataDir, ...who], { env: elsewhere });
    assert.equal(local.stderr, "");

    const asStranger = await dsql(["sql", ...who], { env: { ...there, CLUSTER_USER: "stranger" } });
    assert.match(asStranger.stderr, /access denied/);
    assert.match(asStranger.stderr, /AWS IAM GRANT/);
    const wrong = await dsql(["sql", "--endpoint", "localhost", ...who], { env: there });
    assert.deepEqual([wrong.code, wrong.stdout], [2, ""]);
  });

  test("token is the password of a connection", async () => {
    const outcome = await dsql(["token", "--data-dir", dataDir, "--expires-in", "60"]);
    assert.match(
      outcome.stdout,
      new RegExp(`^${stack.facts.clusterEndpoint}/\\?Action=DbConnectAdmin&.*\\n$`),
    );
    assert.match(outcome.stdout, /X-Amz-Expires=60&/);
    const custom = await dsql(["token", "--data-dir", dataDir, "--user", "myapp"]);
    assert.match(custom.stdout, /\?Action=DbConnect&/);
  });

  test(
    "after eval of env, plain psql connects with full verification",
    { skip: isMissing("psql") && "psql is not installed" },
    async () => {
      const lines = (await dsql(["env", "--data-dir", dataDir])).stdout;
      const outcome = await run("sh", ["-c", `${lines}\npsql -AXtc "SELECT current_user"`]);
      assert.equal(outcome.stderr, "");
      assert.equal(outcome.stdout, "admin\n");
    },
  );

  test(
    "after eval of env, a Node program connects to the cluster's own name and port with ssl: true",
    { skip: process.platform === "win32" && "there is no POSIX shell" },
    async () => {
      const program = `
        const { Client } = require("pg");
        const client = new Client({ host: process.env.CLUSTER_ENDPOINT, port: 5432, user: process.env.CLUSTER_USER,
          database: "postgres", password: process.env.PGPASSWORD, ssl: true });
        client.connect().then(() => client.query("SELECT 42 AS answer"))
          .then((result) => console.log(result.rows[0].answer)).finally(() => client.end());`;
      const lines = (await dsql(["env", "--data-dir", dataDir])).stdout;
      const outcome = await run("sh", ["-c", `${lines}\nexec "$NODE" -`], {
        stdin: program,
        env: { ...process.env, NODE: process.execPath },
      });
      assert.equal(outcome.stderr, "");
      assert.equal(outcome.stdout, "42\n");
    },
  );

  test("env as JSON has every variable that tools read", async () => {
    const variables = JSON.parse((await dsql(["env", "--json", "--data-dir", dataDir])).stdout) as Record<
      string,
      string
    >;
    assert.equal(variables["AWS_ENDPOINT_URL"], stack.facts.awsEndpoint);
    assert.equal(variables["PGPORT"], String(stack.facts.port));
    assert.equal(variables["REGION"], stack.facts.region);
    assert.match(variables["NODE_OPTIONS"] ?? "", /--require ".*preload.*"/);
  });

  test("stop waits until the stack has ended; after it nothing runs", async () => {
    const outcome = await dsql(["stop", "--data-dir", dataDir]);
    assert.equal(outcome.code, 0);
    assert.match(outcome.stdout, new RegExp(`^Stopped \\(process ${stack.facts.pid}\\)`));
    assert.equal(await stack.ended, 0);
    assert.equal((await dsql(["status", "--data-dir", dataDir])).code, 3);
  });
});

describe("without a stack", () => {
  test("commands that need one say how to start it, and print nothing that a shell would evaluate", async (t) => {
    const dataDir = newDataDir(t);
    for (const args of [["env"], ["token"], ["sql", "SELECT 1"]]) {
      const outcome = await dsql([...args, "--data-dir", dataDir]);
      assert.equal(outcome.code, 1);
      assert.equal(outcome.stdout, "");
      assert.match(
        outcome.stderr,
        /^error: no cluster runs on .*\nStart one in another terminal: npx dsql start/,
      );
    }
  });

  test("status exits 3; stop has nothing to do and exits 0", async (t) => {
    const dataDir = newDataDir(t);
    const status = await dsql(["status", "--json", "--data-dir", dataDir]);
    assert.equal(status.code, 3);
    assert.deepEqual(JSON.parse(status.stdout), { state: "stopped", dataDir });
    assert.equal((await dsql(["stop", "--data-dir", dataDir])).code, 0);
  });

  test("wrong usage exits 2 and points to the help", async () => {
    for (const args of [["start", "--port", "http"], ["token", "--expires-in", "0"], ["sql"], ["nonsense"]]) {
      const outcome = await dsql(args);
      assert.equal(outcome.code, 2, args.join(" "));
      assert.match(outcome.stderr, /^error: /);
      assert.match(outcome.stderr, /--help/);
    }
  });

  test("every command has help with examples", async () => {
    for (const name of ["start", "env", "token", "sql", "status", "stop"]) {
      const outcome = await dsql([name, "--help"]);
      assert.equal(outcome.code, 0);
      assert.match(outcome.stdout, /Examples:\n\s+\$ .*dsql/, name);
    }
  });

  test("a reader that leaves early ends a command without a word", async () => {
    for (const name of ["dsql", "helper", "demo"]) {
      const child = spawn(process.execPath, [programFile(name), "--help"]);
      child.stdout.destroy();
      let stderr = "";
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
      assert.deepEqual(await once(child, "close"), [0, null], name);
      assert.equal(stderr, "", name);
    }
  });
});

function isMissing(program: string): boolean {
  return spawnSync(program, ["--version"]).error !== undefined;
}

test("a command of the helper that is misspelt is refused with the one that was meant; dsql has the helper as well", async () => {
  const misspelt = await run(process.execPath, [programFile("helper"), "sustained-laod"]);
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.stderr, /there is no command sustained-laod\nDid you mean sustained-load\?/);
  const help = await dsql(["helper", "--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /--test-chapter/);
});

test(
  "an output that takes no more is an error, not a stack trace",
  { skip: !existsSync("/dev/full") && "there is no /dev/full" },
  async () => {
    const script = `"${process.execPath}" "${programFile("dsql")}" rules > /dev/full`;
    const outcome = await run("sh", ["-c", script]);
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /^error: the output cannot be written: .*ENOSPC/);
    assert.doesNotMatch(outcome.stderr, /\n\s+at /);
  },
);
