import assert from "node:assert/strict";
import { test } from "node:test";

import { type Assumer, type PolicyKind, decide, decideTrust, parsePolicy } from "./policy.ts";

const version = "2012-10-17";
const cluster = "arn:aws:dsql:us-east-1:123456789012:cluster/abc";

const statement = (more: object): object => ({
  Effect: "Allow",
  Action: "dsql:DbConnect",
  Resource: "*",
  ...more,
});
const policy = (...statements: object[]): object => ({ Version: version, Statement: statements });

function decision(
  documents: object[],
  action = "dsql:DbConnect",
  resourceArn = cluster,
  context: Record<string, string> = {},
): string {
  const policies = documents.map((document) => parsePolicy(document, "identity"));
  return decide(policies, {
    action,
    resourceArn,
    context: new Map(Object.entries(context).map(([key, value]) => [key, [value]])),
  });
}

test("what no statement allows stays undecided", () => {
  assert.equal(decision([]), "undecided");
  assert.equal(decision([policy(statement({ Action: "dsql:DbConnectAdmin" }))]), "undecided");
  assert.equal(decision([policy(statement({ Resource: `${cluster}d` }))]), "undecided");
});

test("an explicit deny wins, in whichever policy and order it stands", () => {
  const allow = policy(statement({ Action: "*" }));
  const deny = policy(statement({ Effect: "Deny", Action: "dsql:*" }));
  for (const documents of [
    [allow, deny],
    [deny, allow],
  ])
    assert.equal(decision(documents), "deny");
  assert.equal(decision([allow, deny], "s3:GetObject"), "allow");
});

test("actions are compared without case and with wildcards", () => {
  for (const action of ["dsql:dbconnect", "DSQL:Db*", "*", "dsql:DbConnec?", "*:DbConnect"]) {
    assert.equal(decision([policy(statement({ Action: ["s3:GetObject", action] }))]), "allow", action);
  }
});

test("NotAction and NotResource cover everything else", () => {
  const { Action: _action, ...rest } = statement({}) as Record<string, unknown>;
  const notAction = policy({ ...rest, NotAction: "iam:*" });
  assert.equal(decision([notAction]), "allow");
  assert.equal(decision([notAction], "iam:GetRole"), "undecided");
  const notResource = policy({ Effect: "Allow", Action: "*", NotResource: cluster });
  assert.equal(decision([notResource]), "undecided");
  assert.equal(decision([notResource], "dsql:DbConnect", `${cluster}d`), "allow");
});

test("actions that concern no resource are covered by the resource * alone", () => {
  assert.equal(decision([policy(statement({}))], "dsql:DbConnect", "*"), "allow");
  assert.equal(
    decision([policy(statement({ Resource: "arn:aws:dsql:*:*:*" }))], "dsql:DbConnect", "*"),
    "undecided",
  );
});

test("every condition of a statement must hold", () => {
  const condition = {
    Bool: { "aws:SecureTransport": true },
    StringEquals: { "aws:RequestedRegion": ["us-east-1", "us-east-2"] },
  };
  const documents = [policy(statement({ Condition: condition }))];
  const at = (context: Record<string, string>): string =>
    decision(documents, "dsql:DbConnect", cluster, context);
  assert.equal(at({ "aws:securetransport": "true", "aws:requestedregion": "us-east-2" }), "allow");
  assert.equal(at({ "aws:securetransport": "true", "aws:requestedregion": "eu-west-1" }), "undecided");
  assert.equal(at({ "aws:securetransport": "true" }), "undecided");
});

test("variables are replaced since version 2012-10-17 and are text before", () => {
  const withVariable = statement({ Resource: "arn:aws:dsql:us-east-1:${aws:PrincipalAccount}:cluster/*" });
  const context = { "aws:principalaccount": "123456789012" };
  assert.equal(decision([policy(withVariable)], "dsql:DbConnect", cluster, context), "allow");
  const before = { Version: "2008-10-17", Statement: withVariable };
  assert.equal(decision([before], "dsql:DbConnect", cluster, context), "undecided");
});

test("a trust policy tells the caller itself, the whole account and services apart", () => {
  const ana = "arn:aws:iam::123456789012:role/ana";
  const session = "arn:aws:sts::123456789012:assumed-role/ana/s";
  const caller: Assumer = { kind: "principal", account: "123456789012", arns: [session, ana] };
  const lambda: Assumer = { kind: "service", service: "lambda.amazonaws.com" };
  const trust = (Principal: unknown, assumer: Assumer, Effect = "Allow"): string =>
    decideTrust(
      parsePolicy({ Version: version, Statement: { Effect, Principal, Action: "sts:AssumeRole" } }, "trust"),
      assumer,
      { action: "sts:AssumeRole", resourceArn: ana, context: new Map() },
    );
  assert.equal(trust({ AWS: ana }, caller), "allow");
  assert.equal(trust({ AWS: [session] }, caller), "allow");
  assert.equal(trust("*", caller), "allow");
  assert.equal(trust({ AWS: "123456789012" }, caller), "delegate");
  assert.equal(trust({ AWS: "arn:aws:iam::123456789012:root" }, caller), "delegate");
  assert.equal(trust({ AWS: "arn:aws:iam::999999999999:root" }, caller), "undecided");
  assert.equal(trust({ AWS: ana }, caller, "Deny"), "deny");
  assert.equal(trust({ Service: ["ec2.amazonaws.com", "lambda.amazonaws.com"] }, lambda), "allow");
  assert.equal(trust({ Service: "ec2.amazonaws.com" }, lambda), "undecided");
  assert.equal(trust({ AWS: "*" }, lambda), "undecided");
});

test("documents that IAM refuses are refused in its words", () => {
  const trustStatement = {
    Effect: "Allow",
    Principal: { Service: "lambda.amazonaws.com" },
    Action: "sts:AssumeRole",
  };
  const cases: [PolicyKind, unknown, RegExp][] = [
    ["identity", "{", /^This policy contains invalid Json$/],
    ["identity", "[]", /^Syntax errors in policy/],
    ["identity", {}, /^Syntax errors in policy/],
    [
      "identity",
      { Version: "2012-10-18", Statement: statement({}) },
      /^The policy must contain a valid version string$/,
    ],
    ["identity", policy(statement({ Effect: "allow" })), /Effect must be Allow or Deny/],
    ["identity", policy(statement({ Action: undefined })), /^Policy statement must contain actions\.$/],
    [
      "identity",
      policy(statement({ Action: "DbConnect" })),
      /^Actions\/Conditions must be prefaced by a vendor/,
    ],
    ["identity", policy(statement({ Resource: [] })), /^Policy statement must contain resources\.$/],
    [
      "identity",
      policy(statement({ Resource: "cluster/abc" })),
      /^Resource cluster\/abc must be in ARN format or "\*"\.$/,
    ],
    ["identity", policy(statement({ Resource: 7 })), /Resource is not a text/],
    ["identity", policy(statement({ NotAction: "s3:*" })), /cannot contain both Action and NotAction/],
    ["identity", policy(statement({ Principal: "*" })), /^Policy document should not specify a principal\.$/],
    ["identity", policy(statement({ Resources: "*" })), /unknown member Resources/],
    [
      "identity",
      policy(statement({ Condition: { Equals: { a: "b" } } })),
      /^Invalid Condition type : Equals\.$/,
    ],
    ["identity", policy(statement({ Condition: { StringEquals: "b" } })), /^Syntax errors in policy/],
    ["identity", policy(statement({ Condition: { StringEquals: { a: {} } } })), /^Syntax errors in policy/],
    ["trust", policy({ ...trustStatement, Resource: "*" }), /^Has prohibited field Resource$/],
    ["trust", policy({ ...trustStatement, Principal: undefined }), /^Missing required field Principal$/],
    ["trust", policy({ ...trustStatement, Principal: { AWS: "ana" } }), /^Invalid principal in policy/],
    [
      "trust",
      policy({ ...trustStatement, Action: "dsql:DbConnect" }),
      /^AssumeRole policy may only specify STS/,
    ],
  ];
  for (const [kind, document, message] of cases) {
    assert.throws(
      () => parsePolicy(document, kind),
      { code: "MalformedPolicyDocument", message },
      JSON.stringify(document),
    );
  }
});
