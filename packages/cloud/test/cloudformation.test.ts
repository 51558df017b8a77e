import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  ListExportsCommand,
  ListStacksCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
  ValidateTemplateCommand,
} from "@aws-sdk/client-cloudformation";
import { DSQLClient, GetClusterCommand } from "@aws-sdk/client-dsql";
import { GetRoleCommand, IAMClient, ListRolePoliciesCommand } from "@aws-sdk/client-iam";
import { GetFunctionCommand, InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

import {
  clusterId,
  eventLines,
  region,
  settledStatus,
  startCloud,
  type StartedCloud,
} from "./cloud-support.ts";

let local: StartedCloud;
let client: CloudFormationClient;
let ssm: SSMClient;
let names = 0;
before(async () => {
  local = await startCloud();
  client = new CloudFormationClient(local.client);
  ssm = new SSMClient(local.client);
});
after(async () => {
  client.destroy();
  ssm.destroy();
  await local.close();
});

const Capabilities = ["CAPABILITY_NAMED_IAM" as const];

function freshName(): string {
  names += 1;
  return `stack-${names}`;
}

function parameter(Value: unknown, more: object = {}): object {
  return { Type: "AWS::SSM::Parameter", Properties: { Type: "String", Value }, ...more };
}

async function create(template: object | string, StackName = freshName()): Promise<string> {
  const TemplateBody = typeof template === "string" ? template : JSON.stringify(template);
  await client.send(new CreateStackCommand({ StackName, TemplateBody, Capabilities }));
  return StackName;
}

async function update(StackName: string, template: object): Promise<void> {
  await client.send(
    new UpdateStackCommand({ StackName, TemplateBody: JSON.stringify(template), Capabilities }),
  );
}

async function outputsOf(StackName: string): Promise<Record<string, string>> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName }));
  return Object.fromEntries(
    (Stacks[0]?.Outputs ?? []).map((output) => [output.OutputKey ?? "", output.OutputValue ?? ""]),
  );
}

async function physicalIds(StackName: string): Promise<Record<string, string>> {
  const { StackResources = [] } = await client.send(new DescribeStackResourcesCommand({ StackName }));
  return Object.fromEntries(
    StackResources.map((resource) => [resource.LogicalResourceId ?? "", resource.PhysicalResourceId ?? ""]),
  );
}

/** Deletes a stack and waits until it is gone. */
async function deleted(stack: string): Promise<void> {
  await client.send(new DeleteStackCommand({ StackName: stack }));
  await assert.rejects(
    async () => {
      assert.equal(await settledStatus(client, stack), "DELETE_IN_PROGRESS", await reasons(stack));
    },
    { name: "ValidationError", message: /does not exist/ },
  );
}

async function parameterValue(Name: string): Promise<string | undefined> {
  return (await ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value;
}

async function reasons(StackName: string): Promise<string> {
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
  return StackEvents.map((event) => event.ResourceStatusReason ?? "").join("\n");
}

/** A role that Lambda may assume, and a function with its code in the template. */
const roleAndFunction = {
  Role: {
    Type: "AWS::IAM::Role",
    Properties: {
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
        ],
      },
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
    },
  },
  Function: {
    Type: "AWS::Lambda::Function",
    Properties: {
      Runtime: "nodejs22.x",
      Handler: "index.handler",
      Role: { "Fn::GetAtt": ["Role", "Arn"] },
      Environment: { Variables: { CLUSTER_ENDPOINT: { "Fn::GetAtt": ["Cluster", "Endpoint"] } } },
      Code: { ZipFile: "exports.handler = async () => process.env.CLUSTER_ENDPOINT;" },
    },
  },
};

test("a stack of a cluster, a role and a function is deployed, used, and deleted", async () => {
  const Policy = {
    Type: "AWS::IAM::Policy",
    Properties: {
      PolicyName: "connect",
      Roles: [{ Ref: "Role" }],
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Action: "dsql:DbConnect",
            Resource: { "Fn::GetAtt": ["Cluster", "ResourceArn"] },
          },
        ],
      },
    },
  };
  const Cluster = { Type: "AWS::DSQL::Cluster", Properties: { DeletionProtectionEnabled: false } };
  const { endpoint, arn } = local.cluster.clusters.first;
  const stack = await create({
    Resources: { ...roleAndFunction, Policy, Cluster },
    Outputs: {
      Id: { Value: { Ref: "Cluster" } },
      Name: { Value: { Ref: "Function" } },
      Role: { Value: { Ref: "Role" } },
    },
  });
  assert.equal(await settledStatus(client, stack), "CREATE_COMPLETE", await reasons(stack));
  const outputs = await outputsOf(stack);
  assert.equal(outputs["Id"], clusterId);
  assert.match(outputs["Name"] ?? "", new RegExp(`^${stack}-Function-[a-zA-Z0-9]{12}$`));

  const lambda = new LambdaClient(local.client);
  const FunctionName = outputs["Name"] ?? "";
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName }));
  assert.equal(Payload?.transformToString(), JSON.stringify(endpoint));
  const RoleName = outputs["Role"] ?? "";
  const role = new IAMClient(local.client);
  assert.deepEqual((await role.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames, ["connect"]);
  const principalArn = `arn:aws:iam::${local.identities.account}:role/${RoleName}`;
  const access = { principalArn, resourceArn: arn };
  assert.equal(local.identities.isAllowed({ ...access, action: "dsql:DbConnect" }), true);
  assert.equal(local.identities.isAllowed({ ...access, action: "dsql:DbConnectAdmin" }), false);

  await deleted(stack);
  await assert.rejects(client.send(new DescribeStacksCommand({ StackName: stack })), {
    name: "ValidationError",
    message: `Stack with id ${stack} does not exist`,
  });
  await assert.rejects(lambda.send(new GetFunctionCommand({ FunctionName })), {
    name: "ResourceNotFoundException",
  });
  await assert.rejects(role.send(new GetRoleCommand({ RoleName })), { name: "NoSuchEntityException" });
  const cluster = new DSQLClient(local.client);
  await assert.rejects(cluster.send(new GetClusterCommand({ identifier: clusterId })), {
    name: "ResourceNotFoundException",
  });
  const gone = await client.send(new ListStacksCommand({ StackStatusFilter: ["DELETE_COMPLETE"] }));
  assert.equal(gone.StackSummaries?.[0]?.StackName, stack);
});

test("a failed creation is undone and says why", async () => {
  const stack = await create({
    Resources: {
      First: parameter("1", { Properties: { Type: "String", Value: "1", Name: "/undone" } }),
      Broken: parameter("", { DependsOn: "First" }),
      Never: parameter({ "Fn::GetAtt": ["Broken", "Value"] }),
    },
  });
  assert.equal(await settledStatus(client, stack), "ROLLBACK_COMPLETE");
  const lines = await eventLines(client, stack);
  assert.ok(lines.includes("Broken CREATE_FAILED"));
  assert.ok(lines.includes("First DELETE_COMPLETE"));
  assert.ok(!lines.some((line) => line.startsWith("Never")));
  assert.match(await reasons(stack), /A parameter's value has 1 to 8192 bytes/);
  assert.match(
    await reasons(stack),
    /The following resource\(s\) failed to create: \[Broken\]\. Rollback requested by user\./,
  );
  await assert.rejects(parameterValue("/undone"), { name: "ParameterNotFound" });
  await assert.rejects(update(stack, { Resources: { A: parameter("1") } }), {
    message: /is in ROLLBACK_COMPLETE state and can not be updated/,
  });
});

test("a creation that meets another's resource leaves that one alone", async () => {
  await ssm.send(new PutParameterCommand({ Name: "/others", Value: "precious", Type: "String" }));
  const stack = await create({
    Resources: { Mine: parameter("", { Properties: { Type: "String", Value: "x", Name: "/others" } }) },
  });
  assert.equal(await settledStatus(client, stack), "ROLLBACK_COMPLETE");
  assert.equal(await parameterValue("/others"), "precious");
});

test("an update changes in place, replaces, adds and removes", async () => {
  const stack = await create({
    Resources: {
      Changed: parameter("old"),
      Replaced: parameter("r", { Properties: { Type: "String", Value: "r", Name: "/before" } }),
      Removed: parameter("gone"),
    },
  });
  const before = await physicalIds(stack);
  await update(stack, {
    Resources: {
      Changed: parameter("new"),
      Replaced: parameter("r", { Properties: { Type: "String", Value: "r", Name: "/after" } }),
      Added: parameter({ "Fn::Sub": "${Changed.Value} and ${Replaced}" }),
    },
  });
  assert.equal(await settledStatus(client, stack), "UPDATE_COMPLETE", await reasons(stack));
  const now = await physicalIds(stack);
  assert.equal(now["Changed"], before["Changed"]);
  assert.equal(await parameterValue(now["Changed"] ?? ""), "new");
  assert.equal(await parameterValue(now["Added"] ?? ""), "new and /after");
  await assert.rejects(parameterValue("/before"), { name: "ParameterNotFound" });
  await assert.rejects(parameterValue(before["Removed"] ?? ""), { name: "ParameterNotFound" });
});

test("an update with nothing in it is refused", async () => {
  const template = { Resources: { A: parameter("1") } };
  const stack = await create(template);
  await assert.rejects(update(stack, template), { message: "No updates are to be performed." });
});

test("a failed update goes back to what was", async () => {
  const stack = await create({
    Resources: {
      Kept: parameter("old"),
      Renamed: parameter("1", { Properties: { Type: "String", Value: "1", Name: "/kept-name" } }),
    },
    Outputs: { Value: { Value: { "Fn::GetAtt": ["Kept", "Value"] } } },
  });
  const before = await physicalIds(stack);
  await update(stack, {
    Resources: {
      Kept: parameter("new"),
      Renamed: parameter("1", { Properties: { Type: "String", Value: "1", Name: "/new-name" } }),
      Added: parameter("2", { Properties: { Type: "String", Value: "2", Name: "/added" } }),
      Broken: parameter("", { DependsOn: ["Kept", "Renamed", "Added"] }),
    },
    Outputs: { Value: { Value: { "Fn::GetAtt": ["Kept", "Value"] } } },
  });
  assert.equal(await settledStatus(client, stack), "UPDATE_ROLLBACK_COMPLETE", await reasons(stack));
  assert.deepEqual(await physicalIds(stack), before);
  assert.equal(await parameterValue(before["Kept"] ?? ""), "old");
  assert.equal(await parameterValue("/kept-name"), "1");
  assert.deepEqual(await outputsOf(stack), { Value: "old" });
  await assert.rejects(parameterValue("/new-name"), { name: "ParameterNotFound" });
  await assert.rejects(parameterValue("/added"), { name: "ParameterNotFound" });
});

test("unknown resource types are refused, each by name, before anything is made", async () => {
  const StackName = freshName();
  const Resources = {
    Fine: parameter("1"),
    Topic: { Type: "AWS::SNS::Topic" },
    First: { Type: "AWS::SQS::Queue" },
    Second: { Type: "AWS::SQS::Queue" },
  };
  const template = { Resources };
  const refusal = {
    name: "ValidationError",
    message: /types: \[AWS::SNS::Topic, AWS::SQS::Queue\]. dsql-local offers: .*AWS::DSQL::Cluster/,
  };
  await assert.rejects(create(template, StackName), refusal);
  const changeSet = {
    StackName,
    ChangeSetName: "one",
    ChangeSetType: "CREATE" as const,
    TemplateBody: JSON.stringify(template),
  };
  await assert.rejects(client.send(new CreateChangeSetCommand(changeSet)), refusal);
  await assert.rejects(client.send(new DescribeStacksCommand({ StackName })), { message: /does not exist/ });
});

test("every stack gets a cluster of its own, and takes it with it when it goes", async () => {
  const Cluster = { Type: "AWS::DSQL::Cluster", Properties: { DeletionProtectionEnabled: false } };
  const stacks = [await create({ Resources: { Cluster } }), await create({ Resources: { Cluster } })];
  const ids: string[] = [];
  for (const stack of stacks) {
    assert.equal(await settledStatus(client, stack), "CREATE_COMPLETE", await reasons(stack));
    ids.push((await physicalIds(stack))["Cluster"] ?? "");
  }
  assert.equal(new Set(ids).size, 2);
  const [first = "", second = ""] = ids;
  await deleted(stacks[0] ?? "");
  const dsql = new DSQLClient(local.client);
  await assert.rejects(dsql.send(new GetClusterCommand({ identifier: first })), {
    name: "ResourceNotFoundException",
  });
  assert.equal((await dsql.send(new GetClusterCommand({ identifier: second }))).status, "ACTIVE");
  await deleted(stacks[1] ?? "");
});

test("every property of a cluster is taken, changed in place, and every attribute is given", async () => {
  const cluster = (Properties: object): object => ({
    Resources: { Cluster: { Type: "AWS::DSQL::Cluster", Properties } },
    Outputs: Object.fromEntries(
      [
        ...["Identifier", "ResourceArn", "Endpoint", "Status", "CreationTime", "PolicyVersion"],
        ...["VpcEndpoint", "VpcEndpointServiceName", "EncryptionDetails.EncryptionType"],
        ...["EncryptionDetails.EncryptionStatus", "EncryptionDetails.KmsKeyArn"],
      ].map((name) => [name.replace(".", ""), { Value: { "Fn::GetAtt": ["Cluster", name] } }]),
    ),
  });
  const PolicyDocument = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Principal: { AWS: "*" }, Action: "dsql:DbConnectAdmin", Resource: "*" }],
  };
  const KmsEncryptionKey = "arn:aws:kms:us-east-1:123456789012:key/mine";
  const MultiRegionProperties = { WitnessRegion: "us-west-2" };
  const own = { DeletionProtectionEnabled: false, KmsEncryptionKey, MultiRegionProperties };
  const stack = await create(cluster({ ...own, PolicyDocument, Tags: [{ Key: "stage", Value: "one" }] }));
  assert.equal(await settledStatus(client, stack), "CREATE_COMPLETE", await reasons(stack));
  const made = await outputsOf(stack);
  const id = made["Identifier"] ?? "";
  assert.equal(made["Status"], "PENDING_SETUP");
  assert.equal(made["Endpoint"], `${id}.dsql.us-east-1.on.aws`);
  assert.match(made["ResourceArn"] ?? "", new RegExp(`^arn:aws:dsql:us-east-1:\\d{12}:cluster/${id}$`));
  assert.equal(made["EncryptionDetailsKmsKeyArn"], KmsEncryptionKey);
  assert.equal(made["PolicyVersion"], "1");
  assert.match(made["VpcEndpoint"] ?? "", new RegExp(`^${id}\\.dsql-`));

  const Tags = [{ Key: "stage", Value: "two" }];
  await update(stack, cluster({ ...own, KmsEncryptionKey: "AWS_OWNED_KMS_KEY", Tags }));
  assert.equal(await settledStatus(client, stack), "UPDATE_COMPLETE", await reasons(stack));
  const changed = await outputsOf(stack);
  assert.equal(changed["Identifier"], id);
  assert.equal(changed["EncryptionDetailsEncryptionType"], "AWS_OWNED_KMS_KEY");
  const dsql = new DSQLClient(local.client);
  assert.equal((await dsql.send(new GetClusterCommand({ identifier: id }))).tags?.["stage"], "two");
  await deleted(stack);
});

test("a protected cluster keeps its stack from being deleted", async () => {
  const stack = await create({
    Resources: { Cluster: { Type: "AWS::DSQL::Cluster", Properties: { DeletionProtectionEnabled: true } } },
  });
  await client.send(new DeleteStackCommand({ StackName: stack }));
  assert.equal(await settledStatus(client, stack), "DELETE_FAILED");
  assert.match(await reasons(stack), /Deletion protection is enabled/);
  await client.send(new DeleteStackCommand({ StackName: stack, RetainResources: ["Cluster"] }));
  await assert.rejects(client.send(new DescribeStacksCommand({ StackName: stack })), {
    message: /does not exist/,
  });
});

test("a change set tells what it would change, and changes it when executed", async () => {
  const stack = await create({ Resources: { Changed: parameter("1"), Removed: parameter("2") } });
  const TemplateBody = JSON.stringify({
    Resources: { Changed: parameter("3"), Added: parameter({ "Fn::GetAtt": ["Changed", "Value"] }) },
  });
  await client.send(new CreateChangeSetCommand({ StackName: stack, ChangeSetName: "changes", TemplateBody }));
  const drawn = await client.send(
    new DescribeChangeSetCommand({ StackName: stack, ChangeSetName: "changes" }),
  );
  assert.equal(drawn.Status, "CREATE_COMPLETE");
  const lines = drawn.Changes?.map(
    ({ ResourceChange: change }) =>
      `${change?.Action ?? ""} ${change?.LogicalResourceId ?? ""} ${change?.Replacement ?? "-"}`,
  );
  assert.deepEqual(lines, ["Modify Changed False", "Add Added -", "Remove Removed -"]);
  await client.send(new ExecuteChangeSetCommand({ StackName: stack, ChangeSetName: "changes" }));
  assert.equal(await settledStatus(client, stack), "UPDATE_COMPLETE");

  await client.send(new CreateChangeSetCommand({ StackName: stack, ChangeSetName: "none", TemplateBody }));
  const none = await client.send(new DescribeChangeSetCommand({ StackName: stack, ChangeSetName: "none" }));
  assert.equal(none.Status, "FAILED");
  assert.match(none.StatusReason ?? "", /^The submitted information didn't contain changes\./);
  await assert.rejects(
    client.send(new ExecuteChangeSetCommand({ StackName: stack, ChangeSetName: "none" })),
    { name: "InvalidChangeSetStatusException" },
  );
});

test("templates are YAML with short tags too, with parameters, mappings and conditions", async () => {
  const stack = await create(`
Parameters:
  Stage: { Type: String, Default: test, AllowedValues: [test, live] }
  Names: { Type: CommaDelimitedList, Default: "a, b" }
Mappings:
  Sizes: { test: { value: small }, live: { value: large } }
Conditions:
  IsLive: !Equals [!Ref Stage, live]
  IsTest: !Not [!Condition IsLive]
Resources:
  Parameter:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: !Sub
        - "\${Size} \${AWS::Region} \${First}"
        - { Size: !FindInMap [Sizes, !Ref Stage, value], First: !Select [0, !Ref Names] }
  OnlyLive:
    Type: AWS::SSM::Parameter
    Condition: IsLive
    Properties: { Type: String, Value: live }
Outputs:
  Value: { Value: !GetAtt Parameter.Value }
  Joined: { Value: !Join ["-", !Split [" ", !GetAtt Parameter.Value]] }
  OnlyLive: { Condition: IsLive, Value: !Ref OnlyLive }
  Stage: { Condition: IsTest, Value: !If [IsTest, tested, lived] }
`);
  assert.equal(await settledStatus(client, stack), "CREATE_COMPLETE", await reasons(stack));
  assert.deepEqual(await outputsOf(stack), {
    Value: `small ${region} a`,
    Joined: `small-${region}-a`,
    Stage: "tested",
  });
  assert.deepEqual(Object.keys(await physicalIds(stack)), ["Parameter"]);
});

test("a property that a cluster does not have is refused before anything is made", async () => {
  const cluster = (Properties: object) => ({
    Resources: { Cluster: { Type: "AWS::DSQL::Cluster", Properties } },
  });
  const message =
    /#: extraneous key \[DeletionProtection\] is not permitted. It has: DeletionProtectionEnabled/;
  await assert.rejects(create(cluster({ DeletionProtection: false })), { name: "ValidationError", message });
  await assert.rejects(create(cluster({ MultiRegionProperties: { Witness: "us-west-2" } })), {
    message: /#\/MultiRegionProperties: extraneous key \[Witness\]/,
  });
});

test("a dynamic reference to a parameter is looked up when its resource is made", async () => {
  const stack = freshName();
  const Kept = {
    Type: "AWS::SSM::Parameter",
    Properties: { Name: "/referred", Type: "String", Value: "first" },
  };
  const Copy = parameter("copy of {{resolve:ssm:/referred}}", { DependsOn: "Kept" });
  await create({ Resources: { Kept, Copy } }, stack);
  assert.equal(await settledStatus(client, stack), "CREATE_COMPLETE", await reasons(stack));
  assert.equal(await parameterValue((await physicalIds(stack))["Copy"] ?? ""), "copy of first");
});

test("a parameter of an SSM type stands for the stored value, and a rule judges it", async () => {
  const template = {
    Parameters: { Version: { Type: "AWS::SSM::Parameter::Value<String>", Default: "/tool/version" } },
    Rules: {
      CheckVersion: {
        Assertions: [
          {
            Assert: { "Fn::Not": [{ "Fn::Contains": [["1", "2"], { Ref: "Version" }] }] },
            AssertDescription: "Version 3 is required.",
          },
        ],
      },
    },
    Resources: { A: parameter({ Ref: "Version" }) },
  };
  await assert.rejects(create(template), { message: /Unable to fetch parameters \[\/tool\/version\]/ });
  await ssm.send(new PutParameterCommand({ Name: "/tool/version", Value: "2", Type: "String" }));
  await assert.rejects(create(template), { message: /CheckVersion does not hold: Version 3 is required\./ });
  await ssm.send(
    new PutParameterCommand({ Name: "/tool/version", Value: "3", Type: "String", Overwrite: true }),
  );
  const stack = await create(template);
  assert.equal(await parameterValue((await physicalIds(stack))["A"] ?? ""), "3");
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
  assert.deepEqual(Stacks[0]?.Parameters, [
    { ParameterKey: "Version", ParameterValue: "/tool/version", ResolvedValue: "3" },
  ]);
});

test("a role that is not there cannot be what CloudFormation acts as", async () => {
  const TemplateBody = JSON.stringify({ Resources: { A: parameter("1") } });
  const RoleARN = `arn:aws:iam::${local.identities.account}:role/missing`;
  await assert.rejects(
    client.send(new CreateStackCommand({ StackName: freshName(), TemplateBody, RoleARN })),
    { message: `Role ${RoleARN} is invalid or cannot be assumed` },
  );
});

test("an export is read by another stack, and cannot go while it is", async () => {
  const exporter = await create({
    Resources: { A: parameter("exported value") },
    Outputs: { Out: { Value: { "Fn::GetAtt": ["A", "Value"] }, Export: { Name: "shared" } } },
  });
  const importer = await create({ Resources: { B: parameter({ "Fn::ImportValue": "shared" }) } });
  assert.equal(await settledStatus(client, importer), "CREATE_COMPLETE", await reasons(importer));
  assert.equal(await parameterValue((await physicalIds(importer))["B"] ?? ""), "exported value");
  assert.ok((await client.send(new ListExportsCommand({}))).Exports?.some((item) => item.Name === "shared"));
  await assert.rejects(client.send(new DeleteStackCommand({ StackName: exporter })), {
    message: `Export shared cannot be deleted as it is in use by ${importer}`,
  });
  await client.send(new DeleteStackCommand({ StackName: importer }));
  await client.send(new DeleteStackCommand({ StackName: exporter }));
});

test("a retained resource outlives its stack", async () => {
  const Kept = {
    ...parameter("1", { DeletionPolicy: "Retain" }),
    Properties: { Type: "String", Value: "1", Name: "/retained" },
  };
  const stack = await create({ Resources: { Kept } });
  await client.send(new DeleteStackCommand({ StackName: stack }));
  assert.equal(await parameterValue("/retained"), "1");
});

test("a template comes from the local S3 by the address that the CDK gives", async () => {
  const s3 = new S3Client(local.client);
  await s3.send(new CreateBucketCommand({ Bucket: "templates" }));
  await s3.send(
    new PutObjectCommand({
      Bucket: "templates",
      Key: "a b.json",
      Body: JSON.stringify({ Resources: { A: parameter("1") } }),
    }),
  );
  for (const TemplateURL of [
    `https://templates.s3.${region}.amazonaws.com/a%20b.json`,
    `https://s3.${region}.amazonaws.com/templates/a%20b.json`,
  ]) {
    const StackName = freshName();
    await client.send(new CreateStackCommand({ StackName, TemplateURL }));
    assert.equal(await settledStatus(client, StackName), "CREATE_COMPLETE");
  }
});

test("what is wrong with a template is said before anything is made", async () => {
  const cases: readonly [object, RegExp][] = [
    [{ Resources: {} }, /At least one Resources member must be defined/],
    [{ Resources: { A: parameter({ Ref: "Nothing" }) } }, /Unresolved resource dependencies \[Nothing\]/],
    [
      { Resources: { A: parameter({ Ref: "B" }), B: parameter({ Ref: "A" }) } },
      /Circular dependency between resources: \[A, B\]/,
    ],
    [{ Resources: { A: parameter("1") }, Colour: 1 }, /Invalid template property or properties \[Colour\]/],
    [{ Resources: { A: { Properties: {} } } }, /must contain a Type member/],
    [
      { Parameters: { P: { Type: "String" } }, Resources: { A: parameter("1") } },
      /Parameters: \[P\] must have values/,
    ],
  ];
  for (const [template, message] of cases) {
    const StackName = freshName();
    await assert.rejects(create(template, StackName), { name: "ValidationError", message });
    await assert.rejects(client.send(new DescribeStacksCommand({ StackName })), {
      message: /does not exist/,
    });
  }
  await assert.rejects(client.send(new ValidateTemplateCommand({ TemplateBody: "{" })), {
    message: /JSON not well-formed/,
  });
});

test("IAM resources need the caller's word", async () => {
  const TemplateBody = JSON.stringify({ Resources: { Role: roleAndFunction.Role } });
  await assert.rejects(client.send(new CreateStackCommand({ StackName: freshName(), TemplateBody })), {
    name: "InsufficientCapabilitiesException",
    message: "Requires capabilities : [CAPABILITY_IAM]",
  });
});

test("a stack under termination protection is not deleted", async () => {
  const stack = await create({ Resources: { A: parameter("1") } });
  await client.send(
    new UpdateTerminationProtectionCommand({ StackName: stack, EnableTerminationProtection: true }),
  );
  await assert.rejects(client.send(new DeleteStackCommand({ StackName: stack })), {
    message: /TerminationProtection is enabled/,
  });
});

test("stacks, their templates and functions survive a restart", async () => {
  const template = { Description: "kept", Resources: { A: parameter("1") } };
  const stack = await create(template);
  await local.restart();
  const { TemplateBody } = await client.send(new GetTemplateCommand({ StackName: stack }));
  assert.deepEqual(JSON.parse(TemplateBody ?? ""), template);
  const summary = await client.send(new GetTemplateSummaryCommand({ StackName: stack }));
  assert.deepEqual(summary.ResourceTypes, ["AWS::SSM::Parameter"]);
  await update(stack, { ...template, Resources: { A: parameter("2") } });
  assert.equal(await settledStatus(client, stack), "UPDATE_COMPLETE");
});
