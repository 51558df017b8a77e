import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { after, before, test, type TestContext } from "node:test";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import {
  type Credentials,
  diagnoseConnection,
  type DoctorReport,
  type DoctorStep,
  doctorSteps,
  type DsqlPoolOptions,
  type StepReport,
  TokenCache,
  type TokenRequest,
  warmUp,
} from "../src/index.ts";
import { define, expiredTokens, type Fixture, startFixture, unknownHost } from "./fixture.ts";

let fixture: Fixture;
before(async () => {
  fixture = await startFixture();
});
after(() => fixture.stop());

const examine = (options: Partial<DsqlPoolOptions> = {}): Promise<DoctorReport> =>
  diagnoseConnection(fixture.poolOptions(options));

/** Asserts that the walk ended there, with every step before it passed. @returns the step's report */
function endsAt(report: DoctorReport, step: DoctorStep, remedy: RegExp): StepReport {
  const last = report.steps.at(-1);
  assert.ok(last !== undefined);
  assert.equal(last.step, step, JSON.stringify(last));
  assert.equal(last.outcome, "failed");
  assert.match(last.remedy ?? "", remedy);
  assert.equal(report.isHealthy, false);
  assert.ok(report.steps.slice(0, -1).every(({ outcome }) => outcome === "ok"));
  const order = report.steps
    .map((passed) => doctorSteps.indexOf(passed.step as never))
    .filter((at) => at >= 0);
  assert.deepEqual(
    order,
    [...order].sort((one, other) => one - other),
  );
  return last;
}

/** A role of the account with a policy, and temporary credentials of it. */
function assumed(name: string, actions: readonly string[]): { arn: string; credentials: Credentials } {
  const { identities, id, region } = fixture.cluster;
  const arn = `arn:aws:iam::${identities.account}:role/${name}`;
  const trust = {
    Statement: [
      { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
    ],
  };
  identities.putRole({ name, arn, assumeRolePolicy: JSON.stringify(trust) });
  const resource = `arn:aws:dsql:${region}:${identities.account}:cluster/${id}`;
  const policy = { Statement: [{ Effect: "Allow", Action: actions, Resource: resource }] };
  identities.putRolePolicy(name, "connect", JSON.stringify(policy));
  const session = identities.assumeRole({
    roleArn: arn,
    service: "lambda.amazonaws.com",
    sessionName: "test",
    durationSeconds: 900,
  });
  const { accessKeyId, secretAccessKey, sessionToken = "" } = session;
  return { arn, credentials: { accessKeyId, secretAccessKey, sessionToken } };
}

test("a healthy connection passes every step, each told as it ends", async () => {
  const told: DoctorStep[] = [];
  const report = await diagnoseConnection(fixture.poolOptions(), { onStep: ({ step }) => told.push(step) });
  assert.equal(report.isHealthy, true);
  assert.deepEqual(
    told,
    doctorSteps.filter((step) => step !== "mapping"),
  );
  assert.deepEqual(
    report.steps.map(({ step }) => step),
    told,
  );
  assert.match(report.steps.at(-1)?.finding ?? "", /Aurora DSQL, PostgreSQL 16/);
  const { secretAccessKey } = fixture.cluster.identities.administrator;
  assert.ok(!JSON.stringify(report).includes(secretAccessKey));
});

test("a provider without credentials ends the walk at credentials, and so do expired ones", async () => {
  const none = await examine({ credentials: () => Promise.reject(new Error("chain is empty")) });
  endsAt(none, "credentials", /aws sso login/);
  const { administrator } = fixture.cluster.identities;
  const expired = await examine({
    credentials: { ...administrator, expiration: new Date(Date.now() - 1_000) },
  });
  assert.match(endsAt(expired, "credentials", /Log in again/).finding, /have expired/);
});

test("a name that does not resolve ends the walk at dns", async () => {
  endsAt(await examine({ address: { host: unknownHost, port: 5432 } }), "dns", /does not resolve/);
});

test("a port where nobody listens ends the walk at tcp", async () => {
  endsAt(await examine({ address: { host: "127.0.0.1", port: 1 } }), "tcp", /security groups/);
});

test("a server that never answers the handshake ends the walk at tls", async () => {
  const silent = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const report = await examine({ address: { host: "127.0.0.1", port }, connectTimeoutMs: 2_000 });
  silent.close();
  assert.match(endsAt(report, "tls", /handshake/).finding, /timed out/);
});

test("a certificate of an unknown authority ends the walk at tls", async () => {
  endsAt(await examine({ ca: undefined }), "tls", /Amazon Root CA 1/);
});

/** What ends TLS on its own and opens it anew, without the name, as some load balancers do. */
async function startTlsEnd(t: TestContext): Promise<number> {
  const { host, port, dataDir } = fixture.cluster;
  const tls = (file: string): Buffer => readFileSync(join(dataDir, "tls", file));
  const identity = { key: tls("server-key.pem"), cert: tls("server.pem"), ALPNProtocols: ["postgresql"] };
  const server = createTlsServer(identity, (client) => {
    // By an address, the server's name cannot be verified.
    const upstream = connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ["postgresql"] });
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
    // The server refuses before it is asked anything.
    client.pipe(upstream).pipe(client);
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("a server that is not told the cluster's name ends the walk at sni", async (t) => {
  const port = await startTlsEnd(t);
  const report = await examine({ address: { host: "127.0.0.1", port } });
  assert.match(endsAt(report, "sni", /host name/).finding, /sni was not received/);
});

test("a start-up parameter that the server refuses ends the walk at start-up", async (t) => {
  process.env["PGOPTIONS"] = "-c row_security=off";
  t.after(() => delete process.env["PGOPTIONS"]);
  assert.match(endsAt(await examine(), "start-up", /PGOPTIONS/).finding, /"row_security"/);
});

test("a fresh token that the server takes for expired ends the walk at clock", async () => {
  endsAt(await examine({ tokens: await expiredTokens(fixture.cluster) }), "clock", /clock/);
});

test("a token of the wrong action ends the walk at token", async () => {
  class TokensOfAdmin extends TokenCache {
    override token(request: TokenRequest): Promise<{ token: string; ageMs: number }> {
      return super.token({ ...request, user: "admin" });
    }
  }
  endsAt(await examine({ user: "someone", tokens: new TokensOfAdmin() }), "token", /DbConnect token/);
});

test("credentials that the account does not know end the walk at access, with the policy to check", async () => {
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wrong" };
  endsAt(await examine({ credentials }), "access", /dsql:DbConnectAdmin on arn:aws:dsql/);
});

test("a policy without dsql:DbConnect ends the walk at access", async () => {
  const { arn, credentials } = assumed("no-connect", ["dsql:GetCluster"]);
  await define(fixture.pool(), "CREATE ROLE reader WITH LOGIN", `AWS IAM GRANT reader TO '${arn}'`);
  const { remedy = "" } = endsAt(
    await examine({ credentials, user: "reader" }),
    "access",
    /dsql:DbConnect on/,
  );
  // The HINT says what is missing, so the mapping, which is there, is not doubted.
  assert.match(remedy, /^Allow dsql:DbConnect on arn:aws:dsql:.* to arn:aws:sts::/);
});

test("what is missing between an IAM role and a database role is looked up where admin is allowed", async () => {
  const [pool, user] = [fixture.pool(), "worker"];
  const missing = endsAt(await examine({ user }), "mapping", /CREATE ROLE "worker" WITH LOGIN/);
  assert.equal(missing.finding, 'there is no database role "worker"');
  await define(pool, "CREATE ROLE worker");
  endsAt(await examine({ user }), "mapping", /ALTER ROLE "worker" WITH LOGIN/);
  await define(pool, "ALTER ROLE worker WITH LOGIN");
  const unmapped = endsAt(await examine({ user }), "mapping", /As admin: AWS IAM GRANT "worker"/);
  assert.equal(unmapped.finding, 'no IAM role is mapped to "worker"');
  await define(pool, "AWS IAM GRANT worker TO 'arn:aws:iam::123456789012:role/other'");
  const others = endsAt(await examine({ user }), "access", /map yours/);
  assert.match(others.finding, /mapped to arn:aws:iam::123456789012:role\/other/);
});

test("a role is led from no schema over a search path to tables it may read", async () => {
  const { principalArn } = fixture.cluster.identities.administrator;
  const [pool, user] = [fixture.pool(), "clerk"];
  await define(
    pool,
    "CREATE ROLE clerk WITH LOGIN",
    `AWS IAM GRANT clerk TO '${principalArn}'`,
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.item (id int PRIMARY KEY)",
  );
  const searchPath = "shop";
  endsAt(await examine({ user, searchPath }), "privilege", /GRANT USAGE ON SCHEMA "shop" TO "clerk"/);
  await define(pool, "GRANT USAGE ON SCHEMA shop TO clerk");
  const privilege = async (options: Partial<DsqlPoolOptions>): Promise<StepReport | undefined> =>
    (await examine({ user, ...options })).steps.find(({ step }) => step === "privilege");
  const unreadable = await privilege({ searchPath });
  assert.equal(unreadable?.outcome, "warning");
  assert.match(unreadable.remedy ?? "", /GRANT SELECT ON ALL TABLES IN SCHEMA "shop" TO "clerk"/);
  await define(pool, "GRANT SELECT ON ALL TABLES IN SCHEMA shop TO clerk");
  assert.equal((await privilege({ searchPath }))?.outcome, "ok");
  const partly = await privilege({ searchPath: ["shop", "missing"] });
  assert.equal(partly?.outcome, "warning");
  assert.match(partly.finding, /"missing"/);
});

test("a full cluster ends the walk at limit", async () => {
  const strict = await startFixture({ connectionRate: { burst: 1, perSecond: 0 } });
  try {
    await warmUp(strict.pool(), 1);
    const report = await diagnoseConnection(strict.poolOptions({ connectTimeoutMs: 3_000 }));
    endsAt(report, "limit", /pace/);
  } finally {
    await strict.stop();
  }
});
