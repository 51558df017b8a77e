/** AWS::Lambda::Function over the local Lambda. */

import type { CreateFunctionInput, FunctionCode, Lambda } from "../../lambda/index.ts";
import { canonical } from "../intrinsics.ts";
import { physicalName } from "../physical-name.ts";
import type { ResourceOutcome, ResourceRequest, ResourceType } from "../resource-type.ts";
import type { ValueObject } from "../template.ts";
import { zipOfInlineCode } from "./inline-code.ts";
import {
  objectIn,
  optionalNumber,
  optionalText,
  requiredText,
  tagsNow,
  tagsOf,
  textMap,
  textsIn,
  unlessGone,
  unlessMissing,
} from "../properties.ts";

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
    mayDrift: true,
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
    actual: ({ physicalId, properties }) =>
      unlessMissing(() => ({
        ...actualSettings(lambda, physicalId),
        Tags: tagsNow(properties, functions.listTags(physicalId)),
      })),
  };
}

/** Not the code: a function tells no more than its hash, and CloudFormation takes the property as write-only. */
function actualSettings({ functions }: Lambda, name: string): ValueObject {
  const { Description, Environment, Handler, MemorySize, Role, Runtime, Timeout } =
    functions.getFunctionConfiguration(name);
  const variables = { ...Environment?.Variables };
  return {
    Description,
    Environment: { Variables: variables },
    Handler,
    MemorySize,
    Role,
    Runtime,
    Timeout,
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

/** Where the code is: in S3, or in the template itself. */
function codeOf(properties: ValueObject): FunctionCode {
  const code = objectIn(properties, "Code") ?? {};
  const source = optionalText(code, "ZipFile");
  if (source !== undefined) return { ZipFile: zipOfInlineCode(source) };
  const members: Record<string, string> = {};
  for (const name of ["S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri"]) {
    const value = optionalText(code, name);
    if (value !== undefined) members[name] = value;
  }
  return members;
}
