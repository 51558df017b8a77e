/** AWS::Lambda::Function, Permission, Version and Alias over the local Lambda. */

import { zipSync, strToU8 } from "fflate";

import type { CreateFunctionInput, FunctionCode, Lambda } from "../../lambda/index.ts";
import { ServiceError } from "../../service.ts";
import { canonical } from "../intrinsics.ts";
import { physicalName } from "../physical-name.ts";
import type { ResourceOutcome, ResourceRequest, ResourceType } from "../resource-type.ts";
import { referenceAttribute } from "../resource-type.ts";
import type { ValueObject } from "../template.ts";
import {
  objectIn,
  optionalNumber,
  optionalText,
  requiredText,
  tagsOf,
  textMap,
  textsIn,
} from "./properties.ts";

const functionNameLengthMax = 64;

export function functionType(lambda: Lambda): ResourceType {
  const { functions } = lambda;

  const outcome = (arn: string): ResourceOutcome => ({ attributes: { Arn: arn } });

  /** A function without a reservation has none, so it is taken away when the property goes. */
  const reserve = (request: ResourceRequest): void => {
    const reserved = optionalNumber(request.properties, "ReservedConcurrentExecutions");
    if (reserved === undefined) functions.deleteFunctionConcurrency(request.physicalId);
    else functions.putFunctionConcurrency(request.physicalId, reserved);
  };

  const retag = (request: ResourceRequest): void => {
    const wanted = tagsOf(request);
    const dropped = Object.keys(functions.listTags(request.physicalId)).filter((key) => !(key in wanted));
    functions.untagResource(request.physicalId, dropped);
    functions.tagResource(request.physicalId, wanted);
  };

  return {
    replacedBy: ["FunctionName", "PackageType"],
    nameProperty: "FunctionName",
    identify: ({ stackName, logicalId, properties }) =>
      optionalText(properties, "FunctionName") ??
      physicalName(stackName, logicalId, { lengthMax: functionNameLengthMax }),
    async create(request) {
      const created = await lambda.createFunction({
        ...settings(request),
        FunctionName: request.physicalId,
        Code: codeOf(request.properties),
        Tags: tagsOf(request),
      });
      try {
        reserve(request);
      } catch (error) {
        await lambda.deleteFunction(request.physicalId);
        throw error;
      }
      return outcome(created.FunctionArn);
    },
    async update(request, previous) {
      const FunctionName = request.physicalId;
      const { FunctionArn } = await lambda.updateFunctionConfiguration({
        ...settings(request),
        FunctionName,
      });
      if (canonical(previous.properties["Code"] ?? null) !== canonical(request.properties["Code"] ?? null)) {
        await lambda.updateFunctionCode({ ...codeOf(request.properties), FunctionName });
      }
      reserve(request);
      retag(request);
      return outcome(FunctionArn);
    },
    remove: (request) => unlessGone(() => lambda.deleteFunction(request.physicalId)),
  };
}

/** Every setting, with Lambda's default where the template has none: a property that was dropped goes back to it. */
function settings(request: ResourceRequest): Omit<CreateFunctionInput, "FunctionName" | "Code"> {
  const { properties } = request;
  const loggingConfig = objectIn(properties, "LoggingConfig");
  const architectures = textsIn(properties, "Architectures");
  const runtime = optionalText(properties, "Runtime");
  const handler = optionalText(properties, "Handler");
  const packageType = optionalText(properties, "PackageType");
  const layers = textsIn(properties, "Layers");
  return {
    Role: requiredText(properties, "Role"),
    Description: optionalText(properties, "Description") ?? "",
    Timeout: optionalNumber(properties, "Timeout") ?? 3,
    MemorySize: optionalNumber(properties, "MemorySize") ?? 128,
    Environment: { Variables: textMap(objectIn(objectIn(properties, "Environment") ?? {}, "Variables")) },
    EphemeralStorage: { Size: optionalNumber(objectIn(properties, "EphemeralStorage") ?? {}, "Size") ?? 512 },
    TracingConfig: {
      Mode: optionalText(objectIn(properties, "TracingConfig") ?? {}, "Mode") ?? "PassThrough",
    },
    ...(runtime === undefined ? {} : { Runtime: runtime }),
    ...(handler === undefined ? {} : { Handler: handler }),
    ...(packageType === undefined ? {} : { PackageType: packageType }),
    ...(architectures.length === 0 ? {} : { Architectures: architectures }),
    ...(layers.length === 0 ? {} : { Layers: layers }),
    ...(loggingConfig === undefined ? {} : { LoggingConfig: textMap(loggingConfig) }),
  };
}

/** Where the code is: in S3, or in the template itself, where it becomes `index.js` of a zip. */
function codeOf(properties: ValueObject): FunctionCode {
  const code = objectIn(properties, "Code") ?? {};
  const source = optionalText(code, "ZipFile");
  if (source !== undefined) return { ZipFile: zipSync({ "index.js": strToU8(source) }) };
  const members: Record<string, string> = {};
  for (const name of ["S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri"]) {
    const value = optionalText(code, name);
    if (value !== undefined) members[name] = value;
  }
  return members;
}

export function permissionType({ functions }: Lambda): ResourceType {
  const properties = [
    "FunctionName",
    "Action",
    "Principal",
    "SourceArn",
    "SourceAccount",
    "EventSourceToken",
  ];
  return {
    replacedBy: [...properties, "PrincipalOrgID", "FunctionUrlAuthType", "InvokedViaFunctionUrl"],
    identify: ({ stackName, logicalId }) => physicalName(stackName, logicalId, { lengthMax: 100 }),
    create(request) {
      const sourceArn = optionalText(request.properties, "SourceArn");
      const sourceAccount = optionalText(request.properties, "SourceAccount");
      functions.addPermission({
        FunctionName: requiredText(request.properties, "FunctionName"),
        StatementId: request.physicalId,
        Action: requiredText(request.properties, "Action"),
        Principal: requiredText(request.properties, "Principal"),
        ...(sourceArn === undefined ? {} : { SourceArn: sourceArn }),
        ...(sourceAccount === undefined ? {} : { SourceAccount: sourceAccount }),
      });
      return { attributes: { Id: request.physicalId } };
    },
    update: (request) => ({ attributes: { Id: request.physicalId } }),
    remove: (request) =>
      unlessGone(() => {
        functions.removePermission(requiredText(request.properties, "FunctionName"), request.physicalId);
      }),
  };
}

/** A version's physical id is its ARN, which the local Lambda numbers when it publishes. */
export function versionType(lambda: Lambda): ResourceType {
  return {
    replacedBy: ["FunctionName", "CodeSha256", "Description"],
    identify: ({ stackName, logicalId }) => physicalName(stackName, logicalId, { lengthMax: 100 }),
    create(request) {
      const description = optionalText(request.properties, "Description");
      const { FunctionArn, Version } = lambda.functions.publishVersion({
        FunctionName: requiredText(request.properties, "FunctionName"),
        ...(description === undefined ? {} : { Description: description }),
      });
      return {
        physicalId: FunctionArn,
        attributes: { FunctionArn, Version, [referenceAttribute]: FunctionArn },
      };
    },
    update: (request) => ({
      attributes: {
        FunctionArn: request.physicalId,
        Version: request.physicalId.slice(request.physicalId.lastIndexOf(":") + 1),
      },
    }),
    async remove(request) {
      if (request.physicalId.startsWith("arn:"))
        await unlessGone(() => lambda.deleteFunction(request.physicalId));
    },
  };
}

export function aliasType({ functions }: Lambda): ResourceType {
  const input = (request: ResourceRequest) => {
    const description = optionalText(request.properties, "Description");
    return {
      FunctionName: requiredText(request.properties, "FunctionName"),
      Name: requiredText(request.properties, "Name"),
      FunctionVersion: requiredText(request.properties, "FunctionVersion"),
      ...(description === undefined ? {} : { Description: description }),
    };
  };
  const outcome = (arn: string): ResourceOutcome => ({
    physicalId: arn,
    attributes: { AliasArn: arn, [referenceAttribute]: arn },
  });
  return {
    replacedBy: ["FunctionName", "Name"],
    identify: ({ stackName, logicalId }) => physicalName(stackName, logicalId, { lengthMax: 100 }),
    create: (request) => outcome(functions.createAlias(input(request)).AliasArn),
    update: (request) => outcome(functions.updateAlias(input(request)).AliasArn),
    remove: (request) =>
      unlessGone(() => {
        const { FunctionName, Name } = input(request);
        functions.deleteAlias(FunctionName, Name);
      }),
  };
}

async function unlessGone(remove: () => Promise<unknown> | void): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "ResourceNotFoundException") throw error;
  }
}
