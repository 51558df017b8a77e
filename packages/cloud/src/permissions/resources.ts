/**
 * What CloudFormation needs to make, change and remove a resource, by its type: it acts in somebody's name, and a template is no
 * way around what that one may do.
 *
 * Always true: a type of resource that stands not in here is not offered.
 *
 * Source: AWS CloudFormation, "Resource type handlers' permissions"; Service Authorization Reference. Of each type only the
 * actions that change something: what is only looked at gives nobody a right.
 */

import type { Permission } from "../authorization.ts";
import { passRole } from "./iam.ts";

export type ResourceStep = "create" | "update" | "delete";

/** A resource as a step finds it. */
export interface ResourceToChange {
  /** Its physical id: a name or an ARN. */
  readonly physicalId: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface ResourceAbout {
  readonly account: string;
  readonly region: string;
}

type ResourceNeeds = (
  step: ResourceStep,
  resource: ResourceToChange,
  about: ResourceAbout,
) => readonly Permission[];

/** By type; `Custom::…` is `AWS::CloudFormation::CustomResource`. */
export const resourcePermissions: Readonly<Record<string, ResourceNeeds>> = {
  "AWS::ApiGatewayV2::Api": onApi("apis"),
  "AWS::ApiGatewayV2::Integration": onApi("apis/*/integrations"),
  "AWS::ApiGatewayV2::Route": onApi("apis/*/routes"),
  "AWS::ApiGatewayV2::Stage": onApi("apis/*/stages"),
  "AWS::CDK::Metadata": () => [],
  "AWS::CloudFormation::CustomResource": (_step, { properties }) => [
    { action: "lambda:InvokeFunction", resource: text(properties["ServiceToken"]) ?? "*" },
  ],
  "AWS::CloudFormation::Stack": (step, { physicalId }) => [
    { action: `cloudformation:${verb[step]}Stack`, resource: physicalId },
  ],
  "AWS::CloudFormation::WaitConditionHandle": () => [],
  "AWS::DSQL::Cluster": (step, { physicalId }, { account, region }) => {
    const id = step === "create" ? "*" : physicalId;
    return [
      { action: `dsql:${verb[step]}Cluster`, resource: `arn:aws:dsql:${region}:${account}:cluster/${id}` },
    ];
  },
  "AWS::ECR::Repository": (step, { physicalId }, { account, region }) => {
    const resource = `arn:aws:ecr:${region}:${account}:repository/${physicalId}`;
    const action = {
      create: "CreateRepository",
      update: "PutImageTagMutability",
      delete: "DeleteRepository",
    };
    return [{ action: `ecr:${action[step]}`, resource }];
  },
  "AWS::IAM::ManagedPolicy": (step, { physicalId, properties }, about) => {
    const action = { create: "CreatePolicy", update: "CreatePolicyVersion", delete: "DeletePolicy" };
    return [
      { action: `iam:${action[step]}`, resource: physicalId },
      ...texts(properties["Roles"]).map((role) => attachment(step, roleArn(role, "/", about), physicalId)),
    ];
  },
  "AWS::IAM::Policy": (step, { properties }, about) =>
    texts(properties["Roles"]).map((role) => ({
      action: step === "delete" ? "iam:DeleteRolePolicy" : "iam:PutRolePolicy",
      resource: roleArn(role, "/", about),
    })),
  "AWS::IAM::Role": role,
  "AWS::Lambda::Alias": (step, { properties }, about) => [
    onFunction(`${verb[step]}Alias`, text(properties["FunctionName"]), about),
  ],
  "AWS::Lambda::EventInvokeConfig": (step, { properties }, about) => {
    const action = { create: "Put", update: "Update", delete: "Delete" };
    return [onFunction(`${action[step]}FunctionEventInvokeConfig`, text(properties["FunctionName"]), about)];
  },
  "AWS::Lambda::Function": (step, { physicalId, properties }, about) => {
    const actions = {
      create: ["CreateFunction"],
      update: ["UpdateFunctionCode", "UpdateFunctionConfiguration"],
      delete: ["DeleteFunction"],
    };
    const own = actions[step].map((action) => onFunction(action, physicalId, about));
    const given = text(properties["Role"]);
    return step === "delete" || given === undefined ? own : [...own, passRole(given, "lambda.amazonaws.com")];
  },
  "AWS::Lambda::Permission": (step, { properties }, about) => [
    ...(step === "create" ? [] : [onFunction("RemovePermission", text(properties["FunctionName"]), about)]),
    ...(step === "delete" ? [] : [onFunction("AddPermission", text(properties["FunctionName"]), about)]),
  ],
  "AWS::Lambda::Url": (step, { properties }, about) => [
    onFunction(`${verb[step]}FunctionUrlConfig`, text(properties["TargetFunctionArn"]), about),
  ],
  "AWS::Lambda::Version": (step, { properties }, about) => [
    onFunction(
      step === "delete" ? "DeleteFunction" : "PublishVersion",
      text(properties["FunctionName"]),
      about,
    ),
  ],
  "AWS::Logs::LogGroup": (step, { physicalId }, { account, region }) => {
    const resource = `arn:aws:logs:${region}:${account}:log-group:${physicalId}`;
    const action = { create: "CreateLogGroup", update: "PutRetentionPolicy", delete: "DeleteLogGroup" };
    return [{ action: `logs:${action[step]}`, resource }];
  },
  "AWS::S3::Bucket": bucket,
  "AWS::S3::BucketPolicy": (step, { properties }) => [
    {
      action: step === "delete" ? "s3:DeleteBucketPolicy" : "s3:PutBucketPolicy",
      resource: `arn:aws:s3:::${text(properties["Bucket"]) ?? "*"}`,
    },
  ],
  "AWS::SSM::Parameter": (step, { physicalId }, { account, region }) => [
    {
      action: step === "delete" ? "ssm:DeleteParameter" : "ssm:PutParameter",
      resource: `arn:aws:ssm:${region}:${account}:parameter/${physicalId.replace(/^\//, "")}`,
    },
  ],
};

const verb = { create: "Create", update: "Update", delete: "Delete" } as const;

/** API Gateway knows no actions but the methods of its REST API. */
function onApi(path: string): ResourceNeeds {
  const method = { create: "POST", update: "PATCH", delete: "DELETE" };
  return (step, _resource, { region }) => [
    {
      action: `apigateway:${method[step]}`,
      resource: `arn:aws:apigateway:${region}::/${path}${step === "create" ? "" : "/*"}`,
    },
  ];
}

function role(
  step: ResourceStep,
  { physicalId, properties }: ResourceToChange,
  about: ResourceAbout,
): readonly Permission[] {
  const arn = roleArn(physicalId, text(properties["Path"]) ?? "/", about);
  const actions = {
    create: ["CreateRole"],
    update: ["UpdateRole", "UpdateAssumeRolePolicy"],
    delete: ["DeleteRole"],
  };
  const inline = Array.isArray(properties["Policies"]) && properties["Policies"].length > 0;
  const inlineAction = step === "delete" ? "iam:DeleteRolePolicy" : "iam:PutRolePolicy";
  return [
    ...actions[step].map((action) => ({ action: `iam:${action}`, resource: arn })),
    ...(inline ? [{ action: inlineAction, resource: arn }] : []),
    ...texts(properties["ManagedPolicyArns"]).map((policy) => attachment(step, arn, policy)),
  ];
}

/** What a bucket is given with its making needs a permission of its own each. */
const bucketSettings: Readonly<Record<string, string>> = {
  BucketEncryption: "PutEncryptionConfiguration",
  CorsConfiguration: "PutBucketCORS",
  LifecycleConfiguration: "PutLifecycleConfiguration",
  NotificationConfiguration: "PutBucketNotification",
  OwnershipControls: "PutBucketOwnershipControls",
  PublicAccessBlockConfiguration: "PutBucketPublicAccessBlock",
  VersioningConfiguration: "PutBucketVersioning",
  WebsiteConfiguration: "PutBucketWebsite",
};

function bucket(step: ResourceStep, { physicalId, properties }: ResourceToChange): readonly Permission[] {
  const resource = `arn:aws:s3:::${physicalId}`;
  if (step === "delete") return [{ action: "s3:DeleteBucket", resource }];
  const settings = Object.entries(bucketSettings).filter(([name]) => properties[name] !== undefined);
  return [
    ...(step === "create" ? [{ action: "s3:CreateBucket", resource }] : []),
    ...settings.map(([, action]) => ({ action: `s3:${action}`, resource })),
  ];
}

function attachment(step: ResourceStep, arn: string, policyArn: string): Permission {
  const action = step === "delete" ? "iam:DetachRolePolicy" : "iam:AttachRolePolicy";
  return { action, resource: arn, context: { "iam:PolicyARN": policyArn } };
}

function roleArn(name: string, path: string, { account }: ResourceAbout): string {
  return `arn:aws:iam::${account}:role${path}${name}`;
}

/** @param name - of the function, or its ARN, with or without a qualifier */
function onFunction(
  action: string,
  name: string | undefined,
  { account, region }: ResourceAbout,
): Permission {
  const resource =
    name?.startsWith("arn:") === true ? name : `arn:aws:lambda:${region}:${account}:function:${name ?? "*"}`;
  return { action: `lambda:${action}`, resource };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
