import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyPayloadHash, RequestSigner } from "@dsql-local/account";
import pg from "pg";
import { startCluster } from "../src/index.ts";
import { dsql, freePorts, newDataDir, startStack, undoAfter } from "./command.ts";

interface Listed {
  readonly asOf: string;
  readonly refused: readonly { id: string; topic: string; sqlstate: string; match: { node: string } }[];
  readonly accepted: readonly { id: string; example: string }[];
}

const listed = async (...args: string[]): Promise<Listed> =>
  JSON.parse((await dsql(["rules", "--json", ...args])).stdout) as Listed;

test("rules lists what is refused as of a date, and what is taken", async () => {
  const [then, now] = [await listed("--as-of", "2025-11"), await listed()];
  const idsThen = then.refused.map(({ id }) => id);
  const idsNow = now.refused.map(({ id }) => id);
  assert.ok(idsThen.includes("foreign-key") && !idsNow.includes("foreign-key"));
  assert.ok(idsNow.includes("index-without-async"));
  assert.ok(now.accepted.some(({ id }) => id === "foreign-key"));
  assert.ok(!then.accepted.some(({ id }) => id === "foreign-key"));
});

test("each row says its SQLSTATE and what it matches, as plain data", async () => {
  const { refused } = await listed("--topic", "types");
  assert.ok(refused.length > 5);
  for (const { topic, sqlstate, match } of refused) {
    assert.equal(topic, "types");
    assert.match(sqlstate, /^[0-9A-Z]{5}$/);
    assert.equal(typeof match.node, "string");
  }
});

test("as text, a rule shows an example, its answer, and what to do instead", async () => {
  const { stdout, code } = await dsql(["rules", "--topic", "indexes"]);
  assert.equal(code, 0);
  assert.match(stdout, /CREATE INDEX account_by_owner/);
  assert.match(stdout, /0A000 unsupported mode\. please use CREATE INDEX ASYNC\./);
  assert.match(stdout, /Did you mean CREATE INDEX ASYNC/);
});

test("what a transaction's history or the catalog decides is listed, too, with when", async () => {
  const { stdout } = await dsql(["rules", "--topic", "transactions"]);
  assert.match(
    stdout,
    /second-ddl[^]*GRANT and REVOKE count[^]*0A000.* multiple ddl statements not supported/,
  );
  assert.match(stdout, /54000 transaction row limit exceeded[^]*batches of at most 3,000 rows/);
});

test("a date or topic that is none is refused with what may be said", async () => {
  for (const args of [
    ["--as-of", "2026-13"],
    ["--as-of", "yesterday"],
    ["--topic", "cats"],
  ]) {
    const { code, stderr } = await dsql(["rules", ...args]);
    assert.equal(code, 2);
    assert.match(stderr, /month|allowed choices/i);
  }
});

test("an unknown limit is refused with the names there are, and one above the service's with its bound", async () => {
  const unknown = await dsql(["start", "--limit", "rows=10"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /no limit "rows".*rowsPerTransaction/);
  for (const value of ["3001", "0", "ten", "1=2", ""]) {
    const refused = await dsql(["start", "--limit", `rowsPerTransaction=${value}`]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /up to 3000/);
  }
});

test("a quota that AWS raises on request is raised by the option that its refusal names", async (t) => {
  for (const value of ["0", "100001", "1.5", "many", ""]) {
    const refused = await dsql(["start", "--limit", `concurrentExecutions=${value}`]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /concurrentExecutions takes a number of executions from 1 to 100000/);
  }
  const dataDir = newDataDir(t);
  const more = ["--limit", "concurrentExecutions=10000", "--limit", "rowsPerTransaction=2"];
  await startStack(t, ["--data-dir", dataDir, ...freePorts, ...more]);
  const { stdout } = await dsql(["env", "--data-dir", dataDir]);
  const variable = (name: string): string =>
    new RegExp(`${name}='?([^'\\s]+)`).exec(stdout)?.[1] ?? assert.fail(`no ${name} in ${stdout}`);
  const signer = new RequestSigner({
    credential: {
      accessKeyId: variable("AWS_ACCESS_KEY_ID"),
      secretAccessKey: variable("AWS_SECRET_ACCESS_KEY"),
    },
    region: variable("AWS_REGION"),
    service: "lambda",
  });
  const url = new URL("/2016-08-19/account-settings", variable("AWS_ENDPOINT_URL"));
  const request = {
    method: "GET",
    path: url.pathname,
    headers: { host: url.host },
    payloadHash: emptyPayloadHash,
  };
  const { host: _host, ...headers } = signer.signHeaders(request, Date.now());
  const { AccountLimit } = (await (await fetch(url, { headers })).json()) as {
    AccountLimit: { ConcurrentExecutions: number };
  };
  assert.equal(AccountLimit.ConcurrentExecutions, 10_000);
});

test("start is the service as of a date, with its limits lowered", async (t) => {
  const dataDir = newDataDir(t);
  const limits = ["--limit", "rowsPerTransaction=2", "--limit", "transactionSecondsMax=60"];
  const service = ["--rules", "2025-11", ...limits, "--oc001", "cluster"];
  await startStack(t, ["--data-dir", dataDir, ...freePorts, ...service]);
  const sql = (text: string): ReturnType<typeof dsql> => dsql(["sql", "--data-dir", dataDir, text]);

  await sql("CREATE TABLE account (id int PRIMARY KEY)");
  assert.match(
    (await sql("INSERT INTO account VALUES (1), (2), (3)")).stderr,
    /transaction row limit exceeded/,
  );
  assert.equal((await sql("INSERT INTO account VALUES (1), (2)")).code, 0);
  assert.match(
    (await sql("CREATE TABLE note (id int REFERENCES account)")).stderr,
    /FOREIGN KEY constraint not supported/,
  );
});

test("a test may start a cluster with lower limits, as of a date", async (t) => {
  const cluster = await startCluster({
    rules: "2026-06",
    limits: { rowsPerTransactionMax: 1, columnsPerKeyMax: 2 },
  });
  undoAfter(t, () => cluster.stop());
  const client = new pg.Client(cluster.connection());
  await client.connect();
  undoAfter(t, () => client.end());
  await client.query("CREATE TABLE account (id int PRIMARY KEY, a int, b int)");
  await assert.rejects(client.query("INSERT INTO account VALUES (1), (2)"), { code: "54000" });
  await assert.rejects(client.query("CREATE INDEX ASYNC ON account (id, a, b)"), { code: "54011" });
  await assert.rejects(client.query("CREATE INDEX ASYNC ON account (a) WHERE b > 0"), {
    message: "WHERE not supported for CREATE INDEX",
  });
});
