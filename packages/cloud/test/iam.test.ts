import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  DeletePolicyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";

import { startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
let client: IAMClient;
before(async () => {
  local = await startCloud();
  client = new IAMClient(local.client);
});
after(async () => {
  client.destroy();
  await local.close();
});

const RoleName = "application";
const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});
const connect = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "dsql:DbConnect", Resource: "*" }],
});

function mayConnect(): boolean {
  const principalArn = `arn:aws:iam::${local.identities.account}:role/${RoleName}`;
  return local.identities.isAllowed({
    principalArn,
    action: "dsql:DbConnect",
    resourceArn: local.cluster.clusters.first.arn,
  });
}

test("a role is created, described and listed", async () => {
  await client.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  const { Role } = await client.send(new GetRoleCommand({ RoleName }));
  assert.equal(Role?.Arn, `arn:aws:iam::${local.identities.account}:role/${RoleName}`);
  assert.deepEqual(JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument ?? "")), JSON.parse(trust));
  const { Roles = [] } = await client.send(new ListRolesCommand({}));
  assert.ok(Roles.some((role) => role.RoleName === RoleName));
  await assert.rejects(client.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust })), {
    name: "EntityAlreadyExistsException",
  });
});

test("an inline policy allows, until it is deleted", async () => {
  assert.equal(mayConnect(), false);
  await client.send(new PutRolePolicyCommand({ RoleName, PolicyName: "connect", PolicyDocument: connect }));
  assert.equal(mayConnect(), true);
  const { PolicyDocument } = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName: "connect" }));
  assert.deepEqual(JSON.parse(decodeURIComponent(PolicyDocument ?? "")), JSON.parse(connect));
  await client.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "connect" }));
  assert.equal(mayConnect(), false);
});

test("a managed policy of the account's own allows while it is attached, and is not an inline policy", async () => {
  const { Policy } = await client.send(
    new CreatePolicyCommand({ PolicyName: "own", PolicyDocument: connect }),
  );
  const PolicyArn = Policy?.Arn;
  await client.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  assert.equal(mayConnect(), true);
  const attached = await client.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  assert.deepEqual(attached.AttachedPolicies, [{ PolicyName: "own", PolicyArn }]);
  assert.deepEqual((await client.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames ?? [], []);
  await assert.rejects(client.send(new DeletePolicyCommand({ PolicyArn })), {
    name: "DeleteConflictException",
  });
  await assert.rejects(client.send(new DeleteRoleCommand({ RoleName })), { name: "DeleteConflictException" });
  await client.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
  assert.equal(mayConnect(), false);
  await client.send(new DeletePolicyCommand({ PolicyArn }));
});

test("a policy that IAM would not take is refused", async () => {
  const put = (PolicyDocument: string) =>
    client.send(new PutRolePolicyCommand({ RoleName, PolicyName: "broken", PolicyDocument }));
  await assert.rejects(put("{"), { name: "MalformedPolicyDocumentException" });
  await assert.rejects(put(JSON.stringify({ Statement: [{ Effect: "Perhaps" }] })), {
    name: "MalformedPolicyDocumentException",
  });
});

test("the administrator is a user, and a role goes when it has no policies", async () => {
  assert.equal((await client.send(new GetUserCommand({}))).User?.UserName, "local-admin");
  await client.send(new DeleteRoleCommand({ RoleName }));
  await assert.rejects(client.send(new GetRoleCommand({ RoleName })), { name: "NoSuchEntityException" });
});
