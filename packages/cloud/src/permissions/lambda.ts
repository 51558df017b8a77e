/** Source: Service Authorization Reference, "Actions … for AWS Lambda". */

import type { Needs, Permission, PermissionTable } from "../authorization.ts";
import type { JsonObject } from "../protocol/index.ts";
import { passRole } from "./iam.ts";
import { tagContext, textsIn } from "./requested-tags.ts";

/** A request as Lambda's paths and bodies name things. */
export interface LambdaInput {
  /** In the path, in any of the forms in which a function is named. */
  readonly functionName: string;
  readonly qualifier: string | undefined;
  readonly query: URLSearchParams;
  /** Read when it is asked for: of an invocation it is the function's affair. */
  readonly body: () => JsonObject;
}

export interface LambdaFacts {
  /** @throws {ServiceError} it is no name of a function, or names two qualifiers */
  readonly functionArn: (functionName: string, qualifier?: string) => string;
}

type LambdaNeeds = Needs<LambdaInput, LambdaFacts>;

/** What is done with a version or an alias needs the permission for that one: its ARN has the qualifier. */
const onFunction =
  (operation: string, contextOf?: (body: JsonObject) => Permission["context"]): LambdaNeeds =>
  ({ functionName, qualifier, body }, { functionArn }) => {
    const context = contextOf?.(body()) ?? {};
    return [{ action: `lambda:${operation}`, resource: functionArn(functionName, qualifier), context }];
  };

const onAll =
  (operation: string): LambdaNeeds =>
  () => [{ action: `lambda:${operation}`, resource: "*" }];

/** Code that is in S3 is read in the caller's name. */
function objectRead(code: unknown): readonly Permission[] {
  const { S3Bucket: bucket, S3Key: key, S3ObjectVersion: version } = textsIn(code);
  if (bucket === undefined || key === undefined) return [];
  const action = version === undefined ? "s3:GetObject" : "s3:GetObjectVersion";
  return [{ action, resource: `arn:aws:s3:::${bucket}/${key}` }];
}

function role(arn: unknown): readonly Permission[] {
  return typeof arn === "string" ? [passRole(arn, "lambda.amazonaws.com")] : [];
}

function text(key: string, value: unknown): Record<string, string> {
  return typeof value === "string" ? { [key]: value } : {};
}

const authType = ({ AuthType }: JsonObject): Permission["context"] =>
  text("lambda:FunctionUrlAuthType", AuthType);

export const lambdaPermissions: PermissionTable<LambdaInput, LambdaFacts> = {
  Invoke: onFunction("InvokeFunction"),
  CreateFunction: ({ body }, { functionArn }) => {
    const { FunctionName, Tags, Code, Role } = body();
    const resource = functionArn(String(FunctionName));
    const context = tagContext(textsIn(Tags));
    const tagged = Object.keys(context).length > 0;
    return [
      { action: "lambda:CreateFunction", resource, context },
      ...(tagged ? [{ action: "lambda:TagResource", resource, context }] : []),
      ...role(Role),
      ...objectRead(Code),
    ];
  },
  ListFunctions: onAll("ListFunctions"),
  GetFunction: onFunction("GetFunction"),
  DeleteFunction: onFunction("DeleteFunction"),
  GetFunctionConfiguration: onFunction("GetFunctionConfiguration"),
  UpdateFunctionConfiguration: (input, about) => [
    ...onFunction("UpdateFunctionConfiguration")(input, about),
    ...role(input.body()["Role"]),
  ],
  UpdateFunctionCode: (input, about) => [
    ...onFunction("UpdateFunctionCode")(input, about),
    ...objectRead(input.body()),
  ],
  PublishVersion: onFunction("PublishVersion"),
  ListVersionsByFunction: onFunction("ListVersionsByFunction"),
  CreateAlias: onFunction("CreateAlias"),
  ListAliases: onFunction("ListAliases"),
  GetAlias: onFunction("GetAlias"),
  UpdateAlias: onFunction("UpdateAlias"),
  DeleteAlias: onFunction("DeleteAlias"),
  AddPermission: onFunction("AddPermission", ({ Principal, FunctionUrlAuthType }) => ({
    ...text("lambda:Principal", Principal),
    ...text("lambda:FunctionUrlAuthType", FunctionUrlAuthType),
  })),
  GetPolicy: onFunction("GetPolicy"),
  RemovePermission: onFunction("RemovePermission"),
  ListTags: onFunction("ListTags"),
  TagResource: onFunction("TagResource", ({ Tags }) => tagContext(textsIn(Tags))),
  UntagResource: (input, about) => {
    const context = { "aws:TagKeys": input.query.getAll("tagKeys") };
    return onFunction("UntagResource")(input, about).map((needed) => ({ ...needed, context }));
  },
  PutFunctionConcurrency: onFunction("PutFunctionConcurrency"),
  DeleteFunctionConcurrency: onFunction("DeleteFunctionConcurrency"),
  GetFunctionConcurrency: onFunction("GetFunctionConcurrency"),
  GetAccountSettings: onAll("GetAccountSettings"),
  PutProvisionedConcurrencyConfig: onFunction("PutProvisionedConcurrencyConfig"),
  /** One route serves the configuration of one version or alias, and the list of all. */
  GetProvisionedConcurrencyConfig: (input, about) =>
    onFunction(
      input.query.get("List") === "ALL"
        ? "ListProvisionedConcurrencyConfigs"
        : "GetProvisionedConcurrencyConfig",
    )(input, about),
  DeleteProvisionedConcurrencyConfig: onFunction("DeleteProvisionedConcurrencyConfig"),
  CreateFunctionUrlConfig: onFunction("CreateFunctionUrlConfig", authType),
  GetFunctionUrlConfig: onFunction("GetFunctionUrlConfig"),
  UpdateFunctionUrlConfig: onFunction("UpdateFunctionUrlConfig", authType),
  DeleteFunctionUrlConfig: onFunction("DeleteFunctionUrlConfig"),
  ListFunctionUrlConfigs: onFunction("ListFunctionUrlConfigs"),
  PutFunctionEventInvokeConfig: onFunction("PutFunctionEventInvokeConfig"),
  UpdateFunctionEventInvokeConfig: onFunction("UpdateFunctionEventInvokeConfig"),
  GetFunctionEventInvokeConfig: onFunction("GetFunctionEventInvokeConfig"),
  DeleteFunctionEventInvokeConfig: onFunction("DeleteFunctionEventInvokeConfig"),
  ListFunctionEventInvokeConfigs: onFunction("ListFunctionEventInvokeConfigs"),
  /** A call of an address that asks for signatures (AWS_IAM). */
  InvokeFunctionUrl: (input, about) =>
    onFunction("InvokeFunctionUrl")(input, about).map((needed) => ({
      ...needed,
      context: { "lambda:FunctionUrlAuthType": "AWS_IAM" },
    })),
};
