/** Attributes of resources, parameters and outputs: honoured, or refused before anything is made. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  UpdateStackCommand,
} from "@aws-sdk/client-cloudformation";
import { DSQLClient, GetClusterCommand } from "@aws-sdk/client-dsql";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

import { settledStatus, startCloud, type StartedCloud } from "./cloud-support.ts";

let local: StartedCloud;
let client: CloudFormationClient;
let names = 0;
before(async () => {
  local = await startCloud();
  client = new CloudFormationClient(local.client);
});
after(() => local.close());

type Parameters = Readonly<Record<string, string>>;

function requestOf(StackName: string, template: object | string, parameters: Parameters = {}) {
  return {
    StackName,
    TemplateBody: typeof template === "string" ? template : JSON.stringify(template),
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
  };
}

async function create(template: object | string, parameters: Parameters = {}): Promise<string> {
  names += 1;
  const StackName = `stack-${names}`;
  await client.send(new CreateStackCommand(requestOf(StackName, template, parameters)));
  assert.equal(await settledStatus(client, StackName), "CREATE_COMPLETE");
  return StackName;
}

async function update(StackName: string, template: object, parameters: Parameters = {}): Promise<void> {
  await client.send(new UpdateStackCommand(requestOf(StackName, template, parameters)));
  assert.equal(await settledStatus(client, StackName), "UPDATE_COMPLETE");
}

async function deleted(stack: string): Promise<void> {
  await client.send(new DeleteStackCommand({ StackName: stack }));
  await assert.rejects(
    async () => {
      assert.equal(await settledStatus(client, stack), "DELETE_IN_PROGRESS");
    },
    { name: "ValidationError", message: /does not exist/ },
  );
}

async function isKept(Name: string): Promise<boolean> {
  const ssm = new SSMClient(local.client);
  return ssm.send(new GetParameterCommand({ Name })).then(
    () => true,
    () => false,
  );
}

function parameter(Name: string, more: object): object {
  return { Type: "AWS::SSM::Parameter", Properties: { Type: "String", Name, Value: "1" }, ...more };
}

const conditions = {
  Parameters: { Stage: { Type: "String", Default: "test" }, Policy: { Type: "String", Default: "Retain" } },
  Conditions: { Keep: { "Fn::Equals": [{ Ref: "Stage" }, "production"] } },
  Mappings: { Policies: { production: { Policy: "Retain" }, test: { Policy: "Delete" } } },
};
const ifKeep = { "Fn::If": ["Keep", "Retain", "Delete"] };

test("a deletion policy by a function keeps a cluster whose condition holds", async () => {
  const stack = await create(
    `
Parameters: { Stage: { Type: String } }
Conditions: { Keep: !Equals [!Ref Stage, production] }
Resources:
  Cluster:
    Type: AWS::DSQL::Cluster
    DeletionPolicy: !If [Keep, Retain, Delete]
    Properties: { DeletionProtectionEnabled: false }
Outputs: { Id: { Value: !Ref Cluster } }
`,
    { Stage: "production" },
  );
  const [cluster] = local.cluster.clusters.list();
  assert.ok(cluster !== undefined);
  await deleted(stack);
  const dsql = new DSQLClient(local.client);
  const { status } = await dsql.send(new GetClusterCommand({ identifier: cluster.id }));
  assert.equal(status, "ACTIVE");
});

test("every function that can say it decides what becomes of a resource, as its parameters say", async () => {
  const functions = {
    if: ifKeep,
    map: { "Fn::FindInMap": ["Policies", { Ref: "Stage" }, "Policy"] },
    join: { "Fn::Join": ["", ["Re", "tain"]] },
    nothing: { "Fn::If": ["Keep", "Retain", { Ref: "AWS::NoValue" }] },
  };
  for (const Stage of ["production", "test"]) {
    const Resources = Object.fromEntries(
      Object.entries(functions).map(([name, DeletionPolicy]) => [
        name,
        parameter(`/${Stage}/${name}`, { DeletionPolicy }),
      ]),
    );
    await deleted(await create({ ...conditions, Resources }, { Stage }));
    for (const name of Object.keys(functions)) {
      const expected = Stage === "production" || name === "join";
      assert.equal(await isKept(`/${Stage}/${name}`), expected, `${Stage} ${name}`);
    }
  }
});

test("a policy that a parameter changes is a change of its own, and holds from then on", async () => {
  const template = {
    ...conditions,
    Resources: { A: parameter("/later", { DeletionPolicy: ifKeep }) },
  };
  const stack = await create(template, { Stage: "test" });
  await update(stack, template, { Stage: "production" });
  await deleted(stack);
  assert.equal(await isKept("/later"), true);
});

test("an update-replace policy by a function keeps what is replaced", async () => {
  const template = (Name: string): object => ({
    ...conditions,
    Resources: { A: parameter(Name, { UpdateReplacePolicy: ifKeep }) },
  });
  const stack = await create(template("/first"), { Stage: "production" });
  await update(stack, template("/second"), { Stage: "production" });
  assert.equal(await isKept("/first"), true);
  await deleted(stack);
});

test("RetainExceptOnCreate keeps what is there, and nothing of a creation that failed", async () => {
  const kept = { DeletionPolicy: "RetainExceptOnCreate" };
  const stack = await create({ Resources: { A: parameter("/kept", kept) } });
  await deleted(stack);
  assert.equal(await isKept("/kept"), true);

  const StackName = "never-made";
  const failing = {
    Type: "AWS::SSM::Parameter",
    Properties: { Type: "String", Name: "/kept", Value: "2" },
    DependsOn: "A",
  };
  await client.send(
    new CreateStackCommand(
      requestOf(StackName, { Resources: { A: parameter("/unmade", kept), B: failing } }),
    ),
  );
  assert.equal(await settledStatus(client, StackName), "ROLLBACK_COMPLETE");
  assert.equal(await isKept("/unmade"), false);
});

/** Each alone is what makes a template of one resource wrong. */
const refusedAttributes: readonly [attributes: object, reason: RegExp][] = [
  [
    { DeletionPolicy: "Retained" },
    /Unrecognized DeletionPolicy "Retained".*\[Delete, Retain, RetainExceptOnCreate\]/,
  ],
  [{ DeletionPolicy: "retain" }, /Unrecognized DeletionPolicy/],
  [{ DeletionPolicy: "Snapshot" }, /does not support Snapshot/],
  [{ DeletionPolicy: ["Retain"] }, /Unrecognized DeletionPolicy/],
  [{ DeletionPolicy: true }, /Unrecognized DeletionPolicy true/],
  [{ DeletionPolicy: null }, /'null' values are not allowed/],
  [{ DeletionPolicy: {} }, /Unrecognized DeletionPolicy/],
  [{ DeletionPolicy: { "Fn::GetAtt": ["A", "Type"] } }, /Unrecognized DeletionPolicy/],
  [
    { DeletionPolicy: { "Fn::If": ["Keep", "Retained", "Deleted"] } },
    /Unrecognized DeletionPolicy "Deleted"/,
  ],
  [{ DeletionPolicy: { "Fn::If": ["Kept", "Retain", "Delete"] } }, /Unresolved condition dependency Kept/],
  [{ DeletionPolicy: { Ref: "Nothing" } }, /Nothing/],
  [{ UpdateReplacePolicy: "RetainExceptOnCreate" }, /Unrecognized UpdateReplacePolicy.*\[Delete, Retain\]/],
  [
    { UpdateReplacePolicy: { "Fn::If": ["Keep", "Retain", "Keep"] } },
    /Unrecognized UpdateReplacePolicy "Keep"/,
  ],
  [{ DeletionPolcy: "Retain" }, /Invalid template resource property 'DeletionPolcy'/],
  [{ DependsOn: "Nobody" }, /Unresolved resource dependencies \[Nobody\] in the Resources block/],
  [{ DependsOn: ["A", "Nobody"] }, /Unresolved resource dependencies \[Nobody\]/],
  [{ DependsOn: { Ref: "A" } }, /DependsOn of resource A must be a string or a list of strings/],
  [{ DependsOn: [{ Ref: "A" }] }, /must be a string or a list of strings/],
  [{ DependsOn: "A" }, /Circular dependency/],
  [{ Condition: "Kept" }, /Unresolved condition dependency Kept in the Resources block/],
  [{ Condition: { "Fn::Equals": ["a", "a"] } }, /must be the name of a condition/],
  [{ Condition: ["Keep"] }, /must be the name of a condition/],
  [{ Metadata: "text" }, /Metadata must be an object/],
  [{ CreationPolicy: { ResourceSignal: { Count: 1 } } }, /does not offer CreationPolicy \(resource A\)/],
  [{ UpdatePolicy: { CodeDeployLambdaAliasUpdate: {} } }, /does not offer UpdatePolicy \(resource A\)/],
];

test("an attribute of a resource that is misspelt or of another form is refused", async () => {
  for (const [attributes, reason] of refusedAttributes) {
    const template = { ...conditions, Resources: { A: parameter("/refused", attributes) } };
    await refused(template, reason);
  }
  assert.equal(await isKept("/refused"), false);
});

async function refused(template: object, reason: RegExp): Promise<void> {
  const request = requestOf("refused", template);
  await assert.rejects(client.send(new CreateStackCommand(request)), {
    name: "ValidationError",
    message: reason,
  });
}

test("what else a template declares in vain is refused", async () => {
  const Resources = { A: parameter("/refused", {}) };
  const refusals: readonly [object, RegExp][] = [
    [{ Resource: {} }, /Invalid template property or properties \[Resource\]/],
    [{ AWSTemplateFormatVersion: "2010-09-10" }, /unsupported value for AWSTemplateFormatVersion/],
    [{ Description: ["a"] }, /Description must be a string/],
    [{ Hooks: {} }, /does not offer Hooks/],
    [{ Transform: { Name: "AWS::Include" } }, /does not run template transforms: \[AWS::Include\]/],
    [
      { Transform: "AWS::Serverless-2016-10-31", Globals: {} },
      /does not run template transforms: \[AWS::Serverless-2016-10-31\]/,
    ],
    [{ Globals: {} }, /Invalid template property or properties \[Globals\]/],
    [
      { Parameters: { P: { Type: "String", Defaults: "a" } } },
      /Invalid template property 'Defaults' of parameter P/,
    ],
    [{ Parameters: { P: { Type: "String", Default: ["a"] } } }, /Every Default member must be a string/],
    [
      { Parameters: { P: { Type: "String", Default: "a", AllowedValues: "a" } } },
      /AllowedValues .* must be a list/,
    ],
    [
      { Parameters: { P: { Type: "String", Default: "a", MinLength: 2 } } },
      /Parameter 'P' must contain 2 to/,
    ],
    [
      { Parameters: { P: { Type: "Number", Default: 5, MaxValue: 4 } } },
      /Parameter 'P' must be a number from .* to 4/,
    ],
    [
      { Outputs: { O: { Value: "a", Conditions: "Keep" } } },
      /Invalid template property 'Conditions' of output O/,
    ],
    [
      { Outputs: { O: { Value: "a", Condition: "Kept" } } },
      /Unresolved condition dependency Kept in the Outputs block/,
    ],
    [{ Outputs: { O: { Value: "a", Export: "name" } } }, /Export of output O must be an object with a Name/],
  ];
  for (const [section, reason] of refusals) await refused({ Resources, ...section }, reason);
});
