import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";

import { AccountIdentities } from "./identities.ts";
import { parsePolicy } from "../policy/index.ts";

const account = "123456789012";
const cluster = `arn:aws:dsql:us-east-1:${account}:cluster/abcdefghijklmnopqrstuvwxyz`;
const roleArn = `arn:aws:iam::${account}:role/app`;
const session = { roleArn, sessionName: "s1" };
const byLambda = { ...session, service: "lambda.amazonaws.com" };

interface Fixture {
  readonly file: string;
  readonly clock: { nowAtMs: number; nowMs(): number };
  readonly open: () => AccountIdentities;
}

function fixtureOf(t: TestContext): Fixture {
  const folder = mkdtempSync(join(tmpdir(), "dsql-identities-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, "identities.json");
  const clock = {
    nowAtMs: Date.UTC(2026, 9, 1),
    nowMs(): number {
      return this.nowAtMs;
    },
  };
  return { file, clock, open: () => AccountIdentities.open({ file, clock, random: { bytes: randomBytes } }) };
}

const trust = (Principal: unknown): object => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal, Action: "sts:AssumeRole" }],
});
const lambdaTrust = trust({ Service: "lambda.amazonaws.com" });
const allow = (Action: string, Resource = "*"): object => ({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action, Resource }],
});

test("a new account has an administrator who may do everything", (t) => {
  const { open, file } = fixtureOf(t);
  const identities = open();
  const { administrator } = identities;
  assert.equal(identities.account, account);
  assert.match(administrator.accessKeyId, /^AKIA[A-Z2-7]{16}$/);
  assert.equal(administrator.secretAccessKey.length, 40);
  assert.equal(administrator.principalArn, `arn:aws:iam::${account}:user/local-admin`);
  assert.equal(identities.find(administrator.accessKeyId), administrator);
  assert.ok(
    identities.isAllowed({
      principalArn: administrator.principalArn,
      action: "dsql:DbConnectAdmin",
      resourceArn: cluster,
    }),
  );
  if (process.platform !== "win32") assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("a role may do what its policies allow", (t) => {
  const identities = fixtureOf(t).open();
  const may = (action: string): boolean =>
    identities.isAllowed({ principalArn: roleArn, action, resourceArn: cluster });
  assert.ok(!may("dsql:DbConnect"), "there is no such role");
  identities.putRole({ name: "app", arn: roleArn, assumeRolePolicy: lambdaTrust });
  assert.ok(!may("dsql:DbConnect"));
  identities.putRolePolicy("app", "connect", JSON.stringify(allow("dsql:DbConnect", cluster)));
  assert.ok(may("dsql:DbConnect"));
  assert.ok(!may("dsql:DbConnectAdmin"));
  identities.attachManagedPolicy(roleArn, "arn:aws:iam::aws:policy/AmazonAuroraDSQLFullAccess");
  assert.ok(may("dsql:DbConnectAdmin"));
  identities.detachManagedPolicy(roleArn, "arn:aws:iam::aws:policy/AmazonAuroraDSQLFullAccess");
  identities.deleteRolePolicy("app", "connect");
  assert.ok(!may("dsql:DbConnect"));
});

test("what a resource's policy denies nobody may do; what it allows a role of the account may do without more", (t) => {
  const identities = fixtureOf(t).open();
  identities.putRole({ name: "app", arn: roleArn, assumeRolePolicy: lambdaTrust });
  const mayConnect = (principalArn: string, statement: object): boolean =>
    identities.isAllowed({
      principalArn,
      action: "dsql:DbConnect",
      resourceArn: cluster,
      resourcePolicy: parsePolicy(
        { Version: "2012-10-17", Statement: { Action: "dsql:DbConnect", Resource: cluster, ...statement } },
        "resource",
      ),
    });
  const admin = identities.administrator.principalArn;
  assert.equal(mayConnect(roleArn, { Effect: "Allow", Principal: { AWS: roleArn } }), true);
  assert.equal(mayConnect(roleArn, { Effect: "Allow", Principal: { AWS: admin } }), false);
  assert.equal(mayConnect(roleArn, { Effect: "Allow", Principal: { AWS: account } }), false, "it delegates");
  identities.putRolePolicy("app", "own", allow("dsql:DbConnect"));
  assert.equal(mayConnect(roleArn, { Effect: "Allow", Principal: { AWS: account } }), true);
  assert.equal(mayConnect(roleArn, { Effect: "Deny", Principal: { AWS: roleArn } }), false);
  assert.equal(mayConnect(admin, { Effect: "Deny", Principal: "*" }), false);
  assert.equal(mayConnect(admin, { Effect: "Deny", Principal: { AWS: roleArn } }), true);
});

test("putting a role again keeps its policies and its id", (t) => {
  const identities = fixtureOf(t).open();
  const first = identities.putRole({ name: "app", arn: roleArn, assumeRolePolicy: lambdaTrust });
  identities.putRolePolicy("app", "connect", allow("dsql:DbConnect"));
  const second = identities.putRole({
    name: "app",
    arn: roleArn,
    assumeRolePolicy: trust("*"),
    maxSessionSeconds: 7_200,
  });
  assert.equal(second.id, first.id);
  assert.deepEqual(Object.keys(second.policies), ["connect"]);
  assert.deepEqual(identities.getRole(roleArn), second);
});

test("a service that the role trusts gets temporary credentials for it", (t) => {
  const { open, clock } = fixtureOf(t);
  const identities = open();
  identities.putRole({
    name: "app",
    path: "/service-role/",
    arn: `arn:aws:iam::${account}:role/service-role/app`,
    assumeRolePolicy: lambdaTrust,
  });
  const pathArn = `arn:aws:iam::${account}:role/service-role/app`;
  const credential = identities.assumeRole({ ...byLambda, roleArn: pathArn });
  assert.match(credential.accessKeyId, /^ASIA[A-Z2-7]{16}$/);
  assert.ok((credential.sessionToken ?? "").length >= 300);
  assert.equal(credential.principalArn, pathArn);
  assert.equal(credential.callerArn, `arn:aws:sts::${account}:assumed-role/app/s1`);
  assert.equal(credential.expiresAtMs, clock.nowAtMs + 3_600_000);
  assert.deepEqual(identities.find(credential.accessKeyId), credential);
  assert.throws(() => identities.assumeRole({ ...session, roleArn: pathArn, service: "ec2.amazonaws.com" }), {
    code: "AccessDenied",
  });
});

test("a role that trusts the account is assumed by those whose own policies allow it", (t) => {
  const identities = fixtureOf(t).open();
  identities.putRole({
    name: "app",
    arn: roleArn,
    assumeRolePolicy: trust({ AWS: `arn:aws:iam::${account}:root` }),
  });
  const other = `arn:aws:iam::${account}:role/other`;
  identities.putRole({ name: "other", arn: other, assumeRolePolicy: lambdaTrust });
  const caller = identities.assumeRole({ ...byLambda, roleArn: other }).callerArn;
  const assume = (): unknown => identities.assumeRole({ ...session, callerArn: caller });
  const denied = {
    code: "AccessDenied",
    message: `User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
  };

  identities.assumeRole({ ...session, callerArn: identities.administrator.callerArn });
  assert.throws(assume, denied);
  identities.putRolePolicy("other", "assume", allow("sts:AssumeRole", roleArn));
  assert.ok(assume());
  identities.deleteRolePolicy("other", "assume");
  identities.putRole({ name: "app", arn: roleArn, assumeRolePolicy: trust({ AWS: other }) });
  assert.ok(assume(), "named by the trust policy itself");
  identities.putRolePolicy("other", "never", {
    ...allow("sts:AssumeRole"),
    Statement: [{ Effect: "Deny", Action: "sts:*", Resource: "*" }],
  });
  assert.throws(assume, denied);
  assert.throws(() => identities.assumeRole({ ...session, roleArn: `${roleArn}x`, callerArn: caller }), {
    code: "AccessDenied",
  });
});

test("the condition sts:ExternalId is looked at", (t) => {
  const identities = fixtureOf(t).open();
  const statement = {
    Effect: "Allow",
    Principal: { AWS: "*" },
    Action: "sts:AssumeRole",
    Condition: { StringEquals: { "sts:ExternalId": "x" } },
  };
  identities.putRole({
    name: "app",
    arn: roleArn,
    assumeRolePolicy: { Version: "2012-10-17", Statement: statement },
  });
  const { callerArn } = identities.administrator;
  assert.throws(() => identities.assumeRole({ ...session, callerArn }), { code: "AccessDenied" });
  assert.ok(identities.assumeRole({ ...session, callerArn, context: { "sts:ExternalId": "x" } }));
});

test("a session lives as long as asked, within the role's maximum", (t) => {
  const identities = fixtureOf(t).open();
  identities.putRole({ name: "app", arn: roleArn, assumeRolePolicy: trust("*"), maxSessionSeconds: 7_200 });
  const assume = (durationSeconds: number): unknown =>
    identities.assumeRole({ ...session, callerArn: identities.administrator.callerArn, durationSeconds });
  assert.ok(assume(900));
  assert.ok(assume(7_200));
  for (const seconds of [899, 7_201, 1_000.5])
    assert.throws(() => assume(seconds), { code: "ValidationError" });
  assert.throws(() => identities.assumeRole({ ...byLambda, sessionName: "a b" }), {
    code: "ValidationError",
  });
});

test("everything is there again after a restart, expired credentials aside", (t) => {
  const { open, clock } = fixtureOf(t);
  const before = open();
  before.putRole({ name: "app", arn: roleArn, assumeRolePolicy: lambdaTrust });
  before.putRolePolicy("app", "connect", allow("dsql:DbConnect"));
  before.attachManagedPolicy("app", "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole");
  const short = before.assumeRole({ ...byLambda, durationSeconds: 900 });
  const long = before.assumeRole(byLambda);

  const after = open();
  assert.deepEqual(after.administrator, before.administrator);
  assert.deepEqual(after.listRoles(), before.listRoles());
  assert.deepEqual(after.find(short.accessKeyId), short);
  assert.ok(after.isAllowed({ principalArn: roleArn, action: "logs:PutLogEvents", resourceArn: "*" }));
  clock.nowAtMs += 900_000;
  after.assumeRole(byLambda);
  assert.equal(open().find(short.accessKeyId), undefined);
  assert.deepEqual(open().find(long.accessKeyId), long);
});

test("a deleted role takes its sessions with it", (t) => {
  const identities = fixtureOf(t).open();
  identities.putRole({ name: "app", arn: roleArn, assumeRolePolicy: lambdaTrust });
  const credential = identities.assumeRole(byLambda);
  identities.deleteRole("app");
  identities.deleteRole("app");
  assert.equal(identities.find(credential.accessKeyId), undefined);
  assert.equal(identities.getRole("app"), undefined);
});

test("what cannot be kept is refused and changes nothing", (t) => {
  const { open } = fixtureOf(t);
  const identities = open();
  const role = { name: "app", arn: roleArn, assumeRolePolicy: lambdaTrust };
  identities.putRole(role);
  const before = identities.listRoles();
  const refusals: [string, () => void][] = [
    ["MalformedPolicyDocument", () => identities.putRole({ ...role, assumeRolePolicy: "{" })],
    [
      "MalformedPolicyDocument",
      () => {
        identities.putRolePolicy("app", "p", allow("DbConnect"));
      },
    ],
    ["ValidationError", () => identities.putRole({ ...role, name: "a/b" })],
    ["ValidationError", () => identities.putRole({ ...role, arn: `${roleArn}x` })],
    ["ValidationError", () => identities.putRole({ ...role, maxSessionSeconds: 60 })],
    [
      "ValidationError",
      () => {
        identities.putRolePolicy("app", "a b", allow("s3:*"));
      },
    ],
    [
      "LimitExceeded",
      () => {
        identities.putRolePolicy("app", "p", allow(`s3:${"a".repeat(11_000)}`));
      },
    ],
    [
      "NoSuchEntity",
      () => {
        identities.putRolePolicy("nobody", "p", allow("s3:*"));
      },
    ],
    [
      "NoSuchEntity",
      () => {
        identities.deleteRolePolicy("app", "p");
      },
    ],
    [
      "NoSuchEntity",
      () => {
        identities.attachManagedPolicy("app", "arn:aws:iam::aws:policy/Nothing");
      },
    ],
    [
      "NoSuchEntity",
      () => {
        identities.detachManagedPolicy("app", "arn:aws:iam::aws:policy/AdministratorAccess");
      },
    ],
  ];
  for (const [code, attempt] of refusals) assert.throws(attempt, { code }, code);
  assert.deepEqual(identities.listRoles(), before);
  assert.deepEqual(open().listRoles(), before);
});

test("temporary credentials are bounded: the oldest go first", (t) => {
  const identities = fixtureOf(t).open();
  identities.putRole({ name: "app", arn: roleArn, assumeRolePolicy: lambdaTrust });
  const first = identities.assumeRole(byLambda);
  const second = identities.assumeRole(byLambda);
  for (let count = 2; count <= 1_000; count++) identities.assumeRole(byLambda);
  assert.equal(identities.find(first.accessKeyId), undefined);
  assert.ok(identities.find(second.accessKeyId));
});

test("a damaged file is an error that says what to do, and is left alone", (t) => {
  const { open, file } = fixtureOf(t);
  open().putRole({ name: "app", arn: roleArn, assumeRolePolicy: lambdaTrust });
  const good = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  const damaged = [
    "",
    JSON.stringify(good).slice(0, -5),
    "null",
    JSON.stringify({ ...good, formatVersion: 99 }),
    JSON.stringify({ ...good, administrator: {} }),
    JSON.stringify({ ...good, roles: [{ name: "x" }] }),
    JSON.stringify({ ...good, roles: [{ ...(good["roles"] as object[])[0], assumeRolePolicy: {} }] }),
    JSON.stringify({
      ...good,
      roles: [{ ...(good["roles"] as object[])[0], managedPolicyArns: ["arn:aws:iam::aws:policy/No"] }],
    }),
    JSON.stringify({ ...good, temporaryCredentials: [{ ...(good["administrator"] as object) }] }),
  ];
  for (const text of damaged) {
    writeFileSync(file, text);
    assert.throws(open, /identities\.json is damaged: .* remove it/, text);
    assert.equal(readFileSync(file, "utf8"), text);
  }
  assert.deepEqual(readdirSync(join(file, "..")), ["identities.json"]);
});
