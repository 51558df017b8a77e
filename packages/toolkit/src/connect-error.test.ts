import assert from "node:assert/strict";
import { test } from "node:test";
import { accessDeniedHints, errors } from "@dsql-local/spec";
import { type Attempt, type ConnectStep, explainConnectError } from "./connect-error.ts";

const attempt: Attempt = {
  host: "abcdefghij0123456789klmnop.dsql.us-east-1.on.aws",
  port: 5432,
  user: "admin",
  cluster: { clusterId: "abcdefghij0123456789klmnop", region: "us-east-1" },
  reached: "password",
  tokenAgeMs: 0,
  timedOut: false,
};

const fromServer = (fact: { sqlstate: string; message: string }, hint?: string): Error =>
  Object.assign(new Error(fact.message), { code: fact.sqlstate, hint });
const network = (code: string): Error => Object.assign(new Error(code), { code });

const cases: readonly [string, unknown, Partial<Attempt>, ConnectStep][] = [
  ["an unknown name", network("ENOTFOUND"), { reached: "nothing" }, "dns"],
  ["a closed port", network("ECONNREFUSED"), { reached: "nothing" }, "tcp"],
  ["silence", new Error("timed out"), { reached: "nothing", timedOut: true }, "tcp"],
  ["an unknown authority", network("UNABLE_TO_GET_ISSUER_CERT_LOCALLY"), { reached: "tcp" }, "tls"],
  ["another name in the certificate", network("ERR_TLS_CERT_ALTNAME_INVALID"), { reached: "tcp" }, "tls"],
  ["a hang-up in the handshake", network("ECONNRESET"), { reached: "tcp" }, "tls"],
  ["a hang-up after the handshake", network("ECONNRESET"), { reached: "tls" }, "sni"],
  ["no name in the handshake", fromServer(errors.sniMissing), { reached: "tls" }, "sni"],
  ["a new token that is expired", fromServer(errors.accessDenied, "Signature expired: x"), {}, "clock"],
  [
    "an old token that is expired",
    fromServer(errors.accessDenied, "Signature expired: x"),
    { tokenAgeMs: 1e6 },
    "token",
  ],
  [
    "the wrong action",
    fromServer(errors.accessDenied, "Wrong user to action mapping. user: admin"),
    {},
    "token",
  ],
  [
    "an action that IAM does not allow",
    fromServer(
      errors.accessDenied,
      accessDeniedHints.notAllowed("arn:user", "dsql:DbConnect", "arn:cluster"),
    ),
    {},
    "access",
  ],
  [
    "a principal of another account",
    fromServer(errors.accessDenied, accessDeniedHints.otherAccount("arn:user")),
    {},
    "access",
  ],
  ["a refusal without a reason", fromServer(errors.accessDenied), {}, "access"],
  ["too many connections", fromServer(errors.tooManyConnections), {}, "limit"],
  ["too many new connections", fromServer(errors.connectionRate), {}, "limit"],
  ["a sleeping cluster", fromServer(errors.wakingUp), {}, "wake-up"],
  ["a refused parameter", fromServer(errors.settingNotSupported("row_security")), {}, "start-up"],
];

for (const [name, error, overrides, step] of cases) {
  test(`${name} is explained as ${step}`, () => {
    const explained = explainConnectError(error, { ...attempt, ...overrides });
    assert.equal(explained.step, step);
    assert.equal(explained.isTransient, step === "limit" || step === "wake-up");
    assert.equal(explained.isRefusal, step === "clock" || step === "token" || step === "access");
    assert.equal(explained.cause, error);
    assert.equal(explainConnectError(explained, attempt), explained);
  });
}
