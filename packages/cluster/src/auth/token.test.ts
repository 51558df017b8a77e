import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

import { DsqlSigner } from "@aws-sdk/dsql-signer";

import { type LogEvent, SqlError, systemClock, systemRandom } from "../base/index.ts";

import { AccountIdentities } from "@dsql-local/account";
import type { Credential } from "@dsql-local/account";
import { type TokenToSign, type TokenToVerify, type VerifiedToken, signToken, verifyToken } from "./token.ts";

const id = "abcdefghijklmnopqrstuvwxyz";
const region = "us-east-1";
const host = `${id}.dsql.${region}.on.aws`;
const roleArn = "arn:aws:iam::123456789012:role/app";
const clusterArn = `arn:aws:dsql:${region}:123456789012:cluster/${id}`;
const minuteMs = 60_000;

interface Fixture {
  readonly identities: AccountIdentities;
  /** Of a role that may `DbConnect` to the cluster, and nothing else. */
  readonly role: Credential;
  readonly log: LogEvent[];
  readonly sign: (more?: Partial<TokenToSign>) => string;
  readonly verify: (token: string, more?: Partial<TokenToVerify>) => VerifiedToken;
}

function fixtureOf(t: TestContext): Fixture {
  const folder = mkdtempSync(join(tmpdir(), "dsql-token-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const identities = AccountIdentities.open({
    file: join(folder, "identities.json"),
    clock: systemClock,
    random: systemRandom,
  });
  const Version = "2012-10-17";
  const trustStatement = {
    Effect: "Allow",
    Principal: { Service: "lambda.amazonaws.com" },
    Action: "sts:AssumeRole",
  };
  identities.putRole({ name: "app", arn: roleArn, assumeRolePolicy: { Version, Statement: trustStatement } });
  const connect = { Effect: "Allow", Action: "dsql:DbConnect", Resource: clusterArn };
  identities.putRolePolicy("app", "connect", { Version, Statement: connect });
  const role = identities.assumeRole({ roleArn, sessionName: "s1", service: "lambda.amazonaws.com" });
  const log: LogEvent[] = [];
  const nowMs = Date.now();
  return {
    identities,
    role,
    log,
    sign: (more) =>
      signToken({ credential: identities.administrator, host, region, user: "admin", nowMs, ...more }),
    verify: (token, more) =>
      verifyToken({
        token,
        user: "admin",
        host,
        region,
        clusterArn,
        nowMs,
        identities,
        log: (event) => log.push(event),
        ...more,
      }),
  };
}

/** Refused as the service refuses: one text for every reason, and a HINT for some of them. */
function assertRefused(attempt: () => unknown, hint?: RegExp): void {
  assert.throws(attempt, (error) => {
    assert.ok(error instanceof SqlError);
    assert.deepEqual(
      [error.severity, error.sqlstate, error.message, error.detail],
      ["FATAL", "08006", "unable to accept connection, access denied", undefined],
    );
    if (hint === undefined) assert.equal(error.hint, undefined);
    else assert.match(error.hint ?? "", hint);
    return true;
  });
}

test("tokens of the AWS SDK's signer are accepted", async (t) => {
  const { identities, role, verify } = fixtureOf(t);
  const signer = (credentials: Credential): DsqlSigner =>
    new DsqlSigner({ hostname: host, region, credentials });
  assert.deepEqual(verify(await signer(identities.administrator).getDbConnectAdminAuthToken()), {
    principalArn: "arn:aws:iam::123456789012:user/local-admin",
    callerArn: "arn:aws:iam::123456789012:user/local-admin",
    action: "DbConnectAdmin",
  });
  assert.deepEqual(verify(await signer(role).getDbConnectAuthToken(), { user: "app" }), {
    principalArn: roleArn,
    callerArn: "arn:aws:sts::123456789012:assumed-role/app/s1",
    action: "DbConnect",
  });
});

test("our tokens have the form of the SDK's", async (t) => {
  const { role } = fixtureOf(t);
  const theirs = await new DsqlSigner({
    hostname: host,
    region,
    credentials: role,
    expiresIn: 60,
  }).getDbConnectAuthToken();
  const signedAt =
    /X-Amz-Date=(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(theirs)?.slice(1).join("-") ?? "";
  const [year = 0, month = 0, day = 0, hour, minute, second] = signedAt.split("-").map(Number);
  const nowMs = Date.UTC(year, month - 1, day, hour, minute, second);
  const ours = signToken({ credential: role, host, region, user: "app", nowMs, expiresInSeconds: 60 });
  const partsOf = (token: string): object => Object.fromEntries(new URL(`https://${token}`).searchParams);
  assert.deepEqual(partsOf(ours), partsOf(theirs));
  assert.ok(ours.startsWith(`${host}/?Action=DbConnect&X-Amz-Algorithm=`));
});

test("a token with its scheme still on is accepted", (t) => {
  const { sign, verify } = fixtureOf(t);
  assert.ok(verify(`https://${sign()}`));
  assertRefused(() => verify(`http://${sign()}`));
});

test("a token is accepted until its expiry and refused one second after it", (t) => {
  const { sign, verify } = fixtureOf(t);
  const nowMs = Date.UTC(2026, 9, 1, 12, 0, 0);
  const token = sign({ nowMs });
  assert.ok(verify(token, { nowMs: nowMs + 900_000 }));
  assertRefused(
    () => verify(token, { nowMs: nowMs + 901_000 }),
    /^Signature expired: 20261001T120000Z is now earlier than 20261001T120001Z \(20261001T121501Z - 15 min\.\)$/,
  );
  const week = sign({ nowMs, expiresInSeconds: 604_800 });
  assert.ok(verify(week, { nowMs: nowMs + 604_800_000 }));
  assertRefused(() => verify(week, { nowMs: nowMs + 604_801_000 }), /^Signature expired: /);
  assert.throws(() => sign({ expiresInSeconds: 604_801 }), RangeError);
  assert.throws(() => sign({ expiresInSeconds: 0 }), RangeError);
});

test("a token from the future is refused beyond five minutes", (t) => {
  const { sign, verify } = fixtureOf(t);
  const nowMs = Date.now();
  assert.ok(verify(sign({ nowMs: nowMs + 5 * minuteMs - 1_000 }), { nowMs }));
  assertRefused(() => verify(sign({ nowMs: nowMs + 5 * minuteMs + 1_000 }), { nowMs }));
});

test("the action must be the user's", (t) => {
  const { sign, verify } = fixtureOf(t);
  assertRefused(
    () => verify(sign({ user: "app" })),
    /^Wrong user to action mapping\. user: admin, action: DbConnect$/,
  );
  assertRefused(
    () => verify(sign(), { user: "app" }),
    /^Wrong user to action mapping\. user: app, action: DbConnectAdmin$/,
  );
  assert.ok(verify(sign({ user: "app" }), { user: "other" }), "the token does not name the role");
});

test("a token for another host, region or service is refused", (t) => {
  const { sign, verify } = fixtureOf(t);
  assertRefused(() => verify(sign({ host: `z${host.slice(1)}` })));
  assertRefused(() => verify(sign({ host: `${host}:5432` })));
  assertRefused(() => verify(sign({ region: "us-east-2" })));
  assertRefused(() => verify(sign().replaceAll("%2Fdsql%2F", "%2Frds-db%2F")));
});

test("a token of a key that nobody has, or with another's secret, is refused", (t) => {
  const { identities, sign, verify } = fixtureOf(t);
  const { administrator } = identities;
  assertRefused(() =>
    verify(sign({ credential: { ...administrator, accessKeyId: "AKIAAAAAAAAAAAAAAAAA" } })),
  );
  assertRefused(() => verify(sign({ credential: { ...administrator, secretAccessKey: "another" } })));
});

test("a temporary credential needs its session token and ends at its expiry", (t) => {
  const { role, sign, verify } = fixtureOf(t);
  const { sessionToken: _none, ...bare } = role;
  const user = "app";
  assert.ok(verify(sign({ credential: role, user }), { user }));
  assertRefused(() => verify(sign({ credential: bare, user }), { user }));
  assertRefused(() => verify(sign({ credential: { ...role, sessionToken: "another" }, user }), { user }));
  const token = sign({ credential: role, user, expiresInSeconds: 604_800 });
  assertRefused(() => verify(token, { user, nowMs: (role.expiresAtMs ?? 0) + 1 }));
});

test("the policies of the principal decide", (t) => {
  const { identities, role, sign, verify } = fixtureOf(t);
  const token = sign({ credential: role, user: "app" });
  assert.ok(verify(token, { user: "app" }));
  const notAllowed = (action: string, resource: string): RegExp =>
    new RegExp(
      `^User: arn:aws:sts::123456789012:assumed-role/app/s1 is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action$`,
    );
  assertRefused(() => verify(sign({ credential: role })), notAllowed("dsql:DbConnectAdmin", clusterArn));
  assertRefused(
    () => verify(token, { user: "app", clusterArn: `${clusterArn}x` }),
    notAllowed("dsql:DbConnect", `${clusterArn}x`),
  );
  const elsewhere = clusterArn.replace("123456789012", "210987654321");
  assertRefused(
    () => verify(token, { user: "app", clusterArn: elsewhere }),
    /^User: arn:aws:sts::123456789012:assumed-role\/app\/s1 is not authorized to access this resource$/,
  );
  identities.deleteRolePolicy("app", "connect");
  assertRefused(() => verify(token, { user: "app" }), notAllowed("dsql:DbConnect", clusterArn));
});

test("every single change to a token is refused", (t) => {
  const { sign, verify } = fixtureOf(t);
  const token = sign();
  for (let at = 0; at < token.length; at++) {
    const character = token[at] === "0" ? "1" : "0";
    assert.throws(
      () => verify(token.slice(0, at) + character + token.slice(at + 1)),
      SqlError,
      `character ${at}`,
    );
    assert.throws(() => verify(token.slice(0, at)), SqlError, `cut at ${at}`);
  }
});

test("what is no token is refused, however odd or long", (t) => {
  const { sign, verify } = fixtureOf(t);
  const token = sign();
  const [action = ""] = /Action=[^&]*&/.exec(token) ?? [];
  const odd = [
    "",
    "postgres",
    "/?",
    `${host}/?`,
    `${host}?%`,
    `${host}/?${"a=b&".repeat(5_000)}`,
    "x".repeat(100_000),
    token.replace(action, ""),
    token.replace(action, action + action),
    token.replace("DbConnectAdmin", "DbConnectOwner"),
    `${token}&Action=DbConnect`,
    `${token}&X-Amz-Signature=${"0".repeat(64)}`,
    `${token}#fragment`,
    `${token} `,
    `${token}\0`,
    token.replace("/?", "/path?"),
    token.replaceAll("&", "&amp;"),
    encodeURIComponent(token),
    "\ud800",
  ];
  for (const text of odd) assertRefused(() => verify(text));
});

test("the log gets the reason and the user, and nothing of the token", (t) => {
  const { log, sign, verify } = fixtureOf(t);
  const token = sign({ region: "us-east-2" });
  assertRefused(() => verify(token));
  assertRefused(() => verify(sign({ user: "app" })), /./);
  assert.deepEqual(log, [
    { event: "auth.refused", user: "admin", reason: "signed for region us-east-2, expected us-east-1" },
    { event: "auth.refused", user: "admin", reason: "wrong action for the user" },
  ]);
});
