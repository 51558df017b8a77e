import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import {
  ConnectError,
  type ConnectStep,
  createPool,
  postgresJsConnectError,
  postgresJsOptions,
  RetriesExhaustedError,
  TokenCache,
  transactionPostgresJs,
  UsageError,
  warmUp,
} from "../src/index.ts";
import {
  clusterVariables,
  define,
  expiredTokens,
  type Fixture,
  startFixture,
  unknownHost,
} from "./fixture.ts";

let fixture: Fixture;
before(async () => {
  fixture = await startFixture();
});
after(() => fixture.stop());

const failsAt = (step: ConnectStep, hint = /./) => {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ConnectError, String(error));
    assert.equal(error.step, step, `${error.message} / ${error.hint}`);
    assert.match(error.hint, hint);
    return true;
  };
};

test("a pool connects with direct TLS, a verified host name and a token of its own making", async () => {
  const pool = fixture.pool();
  const { rows } = await pool.query<{ one: number }>("SELECT 1 AS one");
  assert.deepEqual(rows, [{ one: 1 }]);
});

test("a pool is configured by the environment that the local cluster prints", async () => {
  const { cluster } = fixture;
  const { accessKeyId, secretAccessKey } = cluster.identities.administrator;
  const pool = createPool({
    environment: clusterVariables(cluster),
    credentials: { accessKeyId, secretAccessKey },
  });
  await pool.query("SELECT 1");
  await pool.end();
});

test("an environment that names no port, or no file that can be read, is refused in its words", () => {
  const refused = (environment: Record<string, string>, message: RegExp): void =>
    assert.throws(
      () => createPool({ endpoint: fixture.cluster.endpoint, environment }),
      (error: Error) => error instanceof UsageError && message.test(error.message),
    );
  refused({ PGPORT: "five" }, /PGPORT is no port: five/);
  refused({ PGSSLROOTCERT: "/nowhere.pem" }, /PGSSLROOTCERT names a file that cannot be read: \/nowhere.pem/);
});

test("a bare cluster id with its region is enough", async () => {
  const pool = fixture.pool({ endpoint: fixture.cluster.id, region: fixture.cluster.region });
  await pool.query("SELECT 1");
});

test("connections share a token until a fifth of its life is left", async () => {
  let nowMs = Date.now();
  const tokens = new TokenCache({ nowMs: () => nowMs });
  const { endpoint: host, region, identities } = fixture.cluster;
  const credentials = () => Promise.resolve(identities.administrator);
  const lifetimeSeconds = 1_000;
  const pool = fixture.pool({ tokens, tokenLifetimeSeconds: lifetimeSeconds, credentials });
  // Age, for two tokens that are signed within one second are the same.
  const ageMs = async (): Promise<number> =>
    (await tokens.token({ host, region, user: "admin", credentials, lifetimeSeconds })).ageMs;
  const clients = [await pool.connect()];
  nowMs += 799_000;
  clients.push(await pool.connect());
  assert.equal(await ageMs(), 799_000);
  nowMs += 1_000;
  clients.push(await pool.connect());
  assert.equal(await ageMs(), 0);
  for (const client of clients) client.release();
});

test("a connection outlives the token that opened it", async () => {
  const pool = fixture.pool({ tokenLifetimeSeconds: 5 });
  const client = await pool.connect();
  await sleep(6_100); // Signed at a whole second, it is good for the one after that too.
  await client.query("SELECT 1");
  client.release();
});

test("a name that does not resolve fails at DNS", async () => {
  const pool = fixture.pool({ address: { host: unknownHost, port: 5432 } });
  await assert.rejects(pool.connect(), failsAt("dns"));
});

test("a port where nobody listens fails at TCP", async () => {
  const pool = fixture.pool({ address: { host: "127.0.0.1", port: 1 } });
  await assert.rejects(pool.query("SELECT 1"), failsAt("tcp"));
});

test("a certificate of an unknown authority fails at TLS", async () => {
  const pool = fixture.pool({ ca: undefined });
  await assert.rejects(pool.connect(), failsAt("tls", /Amazon Root CA 1/));
});

test("a token of another key fails at access, and the hint names policy and mapping", async () => {
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wrong" };
  await assert.rejects(fixture.pool({ credentials }).connect(), failsAt("access", /dsql:DbConnectAdmin/));
  await assert.rejects(
    fixture.pool({ user: "nobody" }).connect(),
    failsAt("access", /AWS IAM GRANT "nobody"/),
  );
});

test("no credentials fail at credentials", async () => {
  const pool = fixture.pool({ credentials: () => Promise.reject(new Error("chain is empty")) });
  await assert.rejects(pool.connect(), failsAt("credentials"));
});

test("a token that this machine takes for new and the service for expired fails at clock", async () => {
  const pool = fixture.pool({ tokens: await expiredTokens(fixture.cluster) });
  await assert.rejects(pool.connect(), failsAt("clock"));
});

test("a schema that cannot be used fails at privilege, and one that can is in force", async () => {
  await assert.rejects(
    fixture.pool({ searchPath: "missing" }).connect(),
    failsAt("privilege", /GRANT USAGE/),
  );
  await define(fixture.pool(), 'CREATE SCHEMA "my schema"');
  const { rows } = await fixture
    .pool({ searchPath: ["my schema", "public"] })
    .query("SELECT current_schema() AS s");
  assert.deepEqual(rows, [{ s: "my schema" }]);
});

test("a role that is mapped and granted its schema connects, and may do what it was granted", async () => {
  const { principalArn } = fixture.cluster.identities.administrator;
  await define(
    fixture.pool(),
    "CREATE ROLE myapp WITH LOGIN",
    "CREATE SCHEMA myschema",
    "CREATE TABLE myschema.note (id int PRIMARY KEY)",
    `AWS IAM GRANT myapp TO '${principalArn}'`,
  );
  const options = { user: "myapp", searchPath: "myschema" };
  await assert.rejects(
    fixture.pool(options).connect(),
    failsAt("privilege", /GRANT USAGE ON SCHEMA "myschema" TO "myapp"/),
  );
  await define(
    fixture.pool(),
    "GRANT USAGE ON SCHEMA myschema TO myapp",
    "GRANT SELECT ON myschema.note TO myapp",
  );
  const pool = fixture.pool(options);
  await pool.query("SELECT * FROM note");
  await assert.rejects(pool.query("INSERT INTO note VALUES (1)"), { code: "42501" });
});

test("an error of a connection carries no token", async () => {
  const pool = fixture.pool({ user: "nobody" });
  await assert.rejects(pool.connect(), (error: Error) => {
    const everything = JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error.stack);
    return !everything.includes("X-Amz-Signature");
  });
});

test("a full cluster is asked again", async () => {
  const strict = await startFixture({ connectionRate: { burst: 1, perSecond: 2 } });
  try {
    const pool = strict.pool({ connectTimeoutMs: 30_000 });
    await warmUp(pool, 3);
    assert.equal(pool.totalCount, 3);
  } finally {
    await strict.stop();
  }
});

test("a cluster that stays full fails at limit when the connect timeout is over", async () => {
  const strict = await startFixture({ connectionRate: { burst: 1, perSecond: 0 } });
  try {
    await assert.rejects(warmUp(strict.pool({ connectTimeoutMs: 3_000 }), 2), failsAt("limit"));
  } finally {
    await strict.stop();
  }
});

test("connections are opened at the pool's pace", async () => {
  const pool = fixture.pool({ pace: { connectionsPerSecond: 10, burst: 1 } });
  const startedMs = performance.now();
  await warmUp(pool, 4);
  // Three waits of a tenth of a second: the pace is a bound from below, whatever the machine does.
  assert.ok(performance.now() - startedMs >= 290);
  assert.equal(pool.idleCount, 4);
});

test("each connection draws a lifetime of its own", () => {
  const { options } = fixture.pool({ lifetimeMs: 1_000_000 });
  const drawn = Array.from({ length: 20 }, () => options.maxLifetimeSeconds);
  assert.ok(drawn.every((seconds) => seconds >= 800 && seconds <= 1_000));
  assert.ok(new Set(drawn).size > 1);
});

test("a connection at the end of its life is replaced", async () => {
  const pool = fixture.pool({ lifetimeMs: 200, max: 1 });
  const first = await pool.connect();
  first.release();
  await sleep(300);
  const second = await pool.connect();
  second.release();
  assert.notEqual(first, second);
});

test("an execution environment of Lambda has one connection", () => {
  const pool = fixture.pool({ environment: { AWS_LAMBDA_FUNCTION_NAME: "transfer" } });
  assert.equal(pool.options.max, 1);
});

test("postgres.js connects with the same options and retries conflicts", async () => {
  await define(fixture.pool(), "CREATE TABLE visits (id int PRIMARY KEY, count int NOT NULL)");
  const sql = postgres(postgresJsOptions(fixture.poolOptions({ max: 3 })));
  try {
    await sql`INSERT INTO visits VALUES (1, 0)`;
    const visit = () =>
      transactionPostgresJs(sql, (tx) => tx`UPDATE visits SET count = count + 1 WHERE id = 1`);
    await Promise.all([visit(), visit(), visit()]);
    const [row] = await sql`SELECT count FROM visits`;
    assert.equal(row?.["count"], 3);
  } finally {
    await sql.end();
  }
});

test("postgres.js hears which step of connecting failed", async () => {
  const options = fixture.poolOptions({ address: { host: "127.0.0.1", port: 1 } });
  const sql = postgres(postgresJsOptions(options));
  await assert.rejects(async () => await sql`SELECT 1`, failsAt("tcp"));
  await sql.end();
});

test("postgres.js without credentials rejects its statements, and the process goes on", async () => {
  const credentials = () => Promise.reject(new Error("chain is empty"));
  const sql = postgres(postgresJsOptions(fixture.poolOptions({ credentials })));
  await assert.rejects(async () => await sql`SELECT 1`, failsAt("credentials"));
  await sql.end();
});

test("what postgres.js is refused with is explained by its step", async () => {
  const options = fixture.poolOptions({ user: "nobody" });
  const sql = postgres(postgresJsOptions(options));
  await assert.rejects(
    async () => await sql`SELECT 1`,
    (error) => failsAt("access", /AWS IAM GRANT "nobody"/)(postgresJsConnectError(error, options)),
  );
  await sql.end();
  const untrusted = fixture.poolOptions({ ca: undefined });
  const other = postgres(postgresJsOptions(untrusted));
  await assert.rejects(
    async () => await other`SELECT 1`,
    (error) => failsAt("tls")(postgresJsConnectError(error, untrusted)),
  );
  await other.end();
  const ofStatement = Object.assign(new Error("x"), { code: "42P01" });
  assert.equal(postgresJsConnectError(ofStatement, options), ofStatement);
});

test("a retry that was given up is not retried by a loop around it", () => {
  const cause = Object.assign(new Error("x (OC000)"), { code: "40001" });
  assert.equal(new RetriesExhaustedError({ reason: "attempts", attempts: 1, cause }).code, "40001");
});
