/**
 * The account as `cdk bootstrap` leaves it: the stack CDKToolkit with the asset bucket, the roles that the CDK assumes
 * and the version that it asks for. A local account has it from the first start, so `cdk deploy` works at once; a real
 * `cdk bootstrap` updates this very stack, whose logical ids are the same.
 *
 * Source: AWS CDK Developer Guide, "Customize AWS CDK bootstrapping" (the template's contract: names, trust, version).
 */

import { randomUUID } from "node:crypto";

import type { CloudFormation } from "./cloudformation/index.ts";
import { QueryInput } from "./protocol/index.ts";
import { ServiceError, type Caller } from "./service.ts";

/** The bootstrap version of the CDK that the tutorial uses; a newer CLI raises it, an older one leaves it. */
const bootstrapVersion = "33";

const toolkitStackName = "CDKToolkit";

const account = { Ref: "AWS::AccountId" };
const version = "2012-10-17";

function sub(text: string): unknown {
  return { "Fn::Sub": text };
}

function allow(actions: readonly string[], resource: unknown): unknown {
  return { Effect: "Allow", Action: actions, Resource: resource };
}

/** A role that any identity of the account may assume. */
function accountRole(name: string, properties: Record<string, unknown>): unknown {
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      RoleName: sub(`cdk-\${Qualifier}-${name}-role-\${AWS::AccountId}-\${AWS::Region}`),
      AssumeRolePolicyDocument: {
        Version: version,
        Statement: [
          { Effect: "Allow", Action: "sts:AssumeRole", Principal: { AWS: account } },
          { Effect: "Allow", Action: "sts:TagSession", Principal: { AWS: account } },
        ],
      },
      ...properties,
    },
  };
}

const bucketArns = [sub("${StagingBucket.Arn}"), sub("${StagingBucket.Arn}/*")];

const roles = {
  FilePublishingRole: accountRole("file-publishing", {}),
  ImagePublishingRole: accountRole("image-publishing", {}),
  LookupRole: accountRole("lookup", { ManagedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] }),
  DeploymentActionRole: accountRole("deploy", {
    Policies: [
      {
        PolicyName: "default",
        PolicyDocument: {
          Version: version,
          Statement: [
            allow(["cloudformation:*"], "*"),
            allow(["iam:PassRole"], sub("${CloudFormationExecutionRole.Arn}")),
            allow(["s3:GetObject*", "s3:GetBucket*", "s3:List*"], bucketArns),
            allow(
              ["ssm:GetParameter", "ssm:GetParameters"],
              sub("arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter${CdkBootstrapVersion}"),
            ),
          ],
        },
      },
    ],
  }),
  CloudFormationExecutionRole: {
    Type: "AWS::IAM::Role",
    Properties: {
      RoleName: sub("cdk-${Qualifier}-cfn-exec-role-${AWS::AccountId}-${AWS::Region}"),
      AssumeRolePolicyDocument: {
        Version: version,
        Statement: [
          {
            Effect: "Allow",
            Action: "sts:AssumeRole",
            Principal: { Service: "cloudformation.amazonaws.com" },
          },
        ],
      },
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"],
    },
  },
};

const resources = {
  ...roles,
  StagingBucket: {
    Type: "AWS::S3::Bucket",
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: {
      BucketName: sub("cdk-${Qualifier}-assets-${AWS::AccountId}-${AWS::Region}"),
      VersioningConfiguration: { Status: "Enabled" },
    },
  },
  ContainerAssetsRepository: {
    Type: "AWS::ECR::Repository",
    Properties: { RepositoryName: sub("cdk-${Qualifier}-container-assets-${AWS::AccountId}-${AWS::Region}") },
  },
  FilePublishingRoleDefaultPolicy: {
    Type: "AWS::IAM::Policy",
    Properties: {
      PolicyName: sub(
        "cdk-${Qualifier}-file-publishing-role-default-policy-${AWS::AccountId}-${AWS::Region}",
      ),
      Roles: [{ Ref: "FilePublishingRole" }],
      PolicyDocument: {
        Version: version,
        Statement: [
          allow(
            [
              "s3:GetObject*",
              "s3:GetBucket*",
              "s3:GetEncryptionConfiguration",
              "s3:List*",
              "s3:DeleteObject*",
              "s3:PutObject*",
              "s3:Abort*",
            ],
            bucketArns,
          ),
        ],
      },
    },
  },
  CdkBootstrapVersion: {
    Type: "AWS::SSM::Parameter",
    Properties: { Type: "String", Name: sub("/cdk-bootstrap/${Qualifier}/version"), Value: bootstrapVersion },
  },
};

const template = {
  Description: "The resources that the AWS CDK needs in a local account, present from the first start",
  Parameters: {
    Qualifier: { Type: "String", Default: "hnb659fds" },
    // What the CDK reads to see whose bootstrap stack this is before it updates it.
    BootstrapVariant: { Type: "String", Default: "AWS CDK: Default Resources" },
  },
  Resources: resources,
  Outputs: {
    BucketName: { Value: { Ref: "StagingBucket" } },
    BucketDomainName: { Value: sub("${StagingBucket.RegionalDomainName}") },
    ImageRepositoryName: { Value: { Ref: "ContainerAssetsRepository" } },
    BootstrapVersion: { Value: bootstrapVersion },
  },
};

/** Makes the stack in an account that never had it. One that was deleted on purpose stays deleted. */
export async function bootstrapAccount(
  cloudFormation: CloudFormation,
  caller: Caller,
  region: string,
): Promise<void> {
  const { operations, store, deployments } = cloudFormation;
  if (store.all().some((stack) => stack.name === toolkitStackName)) return;
  const form = new URLSearchParams({
    StackName: toolkitStackName,
    TemplateBody: JSON.stringify(template),
    "Capabilities.member.1": "CAPABILITY_NAMED_IAM",
  });
  const request = {
    method: "POST",
    path: "/",
    query: form,
    headers: {},
    body: Buffer.alloc(0),
    caller,
    requestId: randomUUID(),
    region,
  };
  await operations["CreateStack"]?.(new QueryInput(form), request);
  const stack = store.get(toolkitStackName);
  await deployments.settled(stack);
  if (stack.status === "CREATE_COMPLETE") return;
  const reason =
    stack.events.find((event) => event.status === "CREATE_FAILED")?.reason ?? stack.statusReason ?? "";
  throw new ServiceError({
    code: "InternalFailure",
    message: `the account could not be bootstrapped: ${reason}`,
    status: 500,
  });
}
