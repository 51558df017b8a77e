/** AWS::Lambda::Version, Alias, Permission, Url, EventInvokeConfig: which code is reached, by whom, where, how often. */

import type { AliasRoutingConfig, EventInvokeSettings, Lambda } from "../../lambda/index.ts";
import { physicalName } from "../physical-name.ts";
import {
  referenceAttribute,
  type ResourceOutcome,
  type ResourceRequest,
  type ResourceType,
} from "../resource-type.ts";
import { isObject, type ValueObject } from "../template.ts";
import { corsOf } from "./cors.ts";
import {
  listIn,
  objectIn,
  optionalFlag,
  optionalNumber,
  optionalText,
  requiredText,
  unlessGone,
  unlessMissing,
} from "../properties.ts";

const madeUpName = ({ stackName, logicalId }: { stackName: string; logicalId: string }): string =>
  physicalName(stackName, logicalId, { lengthMax: 100 });

export function permissionType({ permissions }: Lambda): ResourceType {
  const conditions = ["SourceArn", "SourceAccount", "EventSourceToken", "PrincipalOrgID"];
  return {
    replacedBy: [
      "FunctionName",
      "Action",
      "Principal",
      "FunctionUrlAuthType",
      "InvokedViaFunctionUrl",
      ...conditions,
    ],
    identify: madeUpName,
    create({ properties, physicalId }) {
      const optional: Record<string, string> = {};
      for (const name of ["SourceArn", "SourceAccount", "FunctionUrlAuthType"]) {
        const value = optionalText(properties, name);
        if (value !== undefined) optional[name] = value;
      }
      const viaUrl = optionalFlag(properties, "InvokedViaFunctionUrl");
      permissions.add({
        FunctionName: requiredText(properties, "FunctionName"),
        StatementId: physicalId,
        Action: requiredText(properties, "Action"),
        Principal: requiredText(properties, "Principal"),
        ...optional,
        ...(viaUrl === undefined ? {} : { InvokedViaFunctionUrl: viaUrl }),
      });
      return { attributes: { Id: physicalId } };
    },
    update: (request) => ({ attributes: { Id: request.physicalId } }),
    remove: ({ properties, physicalId }) =>
      unlessGone(() => {
        permissions.remove(requiredText(properties, "FunctionName"), physicalId);
      }),
  };
}

/** A version's physical id is its ARN, which the local Lambda numbers when it publishes. */
export function versionType(lambda: Lambda): ResourceType {
  return {
    replacedBy: ["FunctionName", "CodeSha256", "Description"],
    identify: madeUpName,
    async create({ properties, signal }) {
      const description = optionalText(properties, "Description");
      const { FunctionArn, Version } = lambda.functions.publishVersion({
        FunctionName: requiredText(properties, "FunctionName"),
        ...(description === undefined ? {} : { Description: description }),
      });
      await provision(lambda, FunctionArn, { properties, signal }).catch(async (error: unknown) => {
        await lambda.deleteFunction(FunctionArn);
        throw error;
      });
      return {
        physicalId: FunctionArn,
        attributes: { FunctionArn, Version, [referenceAttribute]: FunctionArn },
      };
    },
    async update({ properties, physicalId, signal }) {
      await provision(lambda, physicalId, { properties, signal });
      const Version = physicalId.slice(physicalId.lastIndexOf(":") + 1);
      return { attributes: { FunctionArn: physicalId, Version, [referenceAttribute]: physicalId } };
    },
    async remove({ physicalId }) {
      if (physicalId.startsWith("arn:")) await unlessGone(() => lambda.deleteFunction(physicalId));
    },
  };
}

export function aliasType(lambda: Lambda): ResourceType {
  const { functions } = lambda;
  const input = ({ properties }: ResourceRequest) => ({
    FunctionName: requiredText(properties, "FunctionName"),
    Name: requiredText(properties, "Name"),
    FunctionVersion: requiredText(properties, "FunctionVersion"),
    Description: optionalText(properties, "Description") ?? "",
    RoutingConfig: routingOf(properties),
  });
  const outcome = (arn: string): ResourceOutcome => ({
    physicalId: arn,
    attributes: { AliasArn: arn, [referenceAttribute]: arn },
  });
  return {
    replacedBy: ["FunctionName", "Name"],
    mayDrift: true,
    identify: madeUpName,
    async create(request) {
      const { AliasArn } = functions.createAlias(input(request));
      await provision(lambda, AliasArn, request).catch((error: unknown) => {
        functions.deleteAlias(input(request).FunctionName, input(request).Name);
        throw error;
      });
      return outcome(AliasArn);
    },
    async update(request) {
      const { AliasArn } = functions.updateAlias(input(request));
      await provision(lambda, AliasArn, request);
      return outcome(AliasArn);
    },
    remove: (request) =>
      unlessGone(() => {
        const { FunctionName, Name } = input(request);
        functions.deleteAlias(FunctionName, Name);
      }),
    actual: ({ physicalId }) =>
      unlessMissing(() => {
        const [functionArn = "", name = ""] = physicalId.split(/:(?=[^:]*$)/);
        const { Description, FunctionVersion } = functions.getAlias(functionArn, name);
        return { Description, FunctionVersion };
      }),
  };
}

function routingOf(properties: ValueObject): AliasRoutingConfig {
  const weights: Record<string, number> = {};
  for (const item of listIn(objectIn(properties, "RoutingConfig") ?? {}, "AdditionalVersionWeights")) {
    if (!isObject(item)) continue;
    weights[requiredText(item, "FunctionVersion")] = optionalNumber(item, "FunctionWeight") ?? 0;
  }
  return { AdditionalVersionWeights: weights };
}

/** What a version or an alias asks for, or nothing. As in CloudFormation the resource is done when it is ready. */
async function provision(
  { provisionedConcurrency }: Lambda,
  arn: string,
  { properties, signal }: Pick<ResourceRequest, "properties" | "signal">,
): Promise<void> {
  const config =
    objectIn(properties, "ProvisionedConcurrencyConfig") ??
    objectIn(properties, "ProvisionedConcurrency") ??
    {};
  const count = optionalNumber(config, "ProvisionedConcurrentExecutions");
  if (count === undefined) {
    provisionedConcurrency.delete(arn, undefined);
    return;
  }
  provisionedConcurrency.put(arn, undefined, count);
  await provisionedConcurrency.settled(arn, signal);
}

export function urlType({ urls }: Lambda): ResourceType {
  const input = ({ properties }: ResourceRequest) => ({
    FunctionName: requiredText(properties, "TargetFunctionArn"),
    Qualifier: optionalText(properties, "Qualifier"),
    AuthType: requiredText(properties, "AuthType") as "NONE" | "AWS_IAM",
    // Without the property there are no such settings, also where there were some before.
    Cors: corsOf(objectIn(properties, "Cors") ?? {}),
    InvokeMode: optionalText(properties, "InvokeMode"),
  });
  const outcome = ({
    FunctionArn,
    FunctionUrl,
  }: {
    FunctionArn: string;
    FunctionUrl: string;
  }): ResourceOutcome => ({
    physicalId: FunctionArn,
    attributes: { FunctionArn, FunctionUrl, [referenceAttribute]: FunctionArn },
  });
  return {
    replacedBy: ["TargetFunctionArn", "Qualifier"],
    identify: madeUpName,
    create: (request) => outcome(urls.create(input(request))),
    update: (request) => outcome(urls.update(input(request))),
    remove: (request) =>
      unlessGone(() => {
        const { FunctionName, Qualifier } = input(request);
        urls.delete(FunctionName, Qualifier);
      }),
  };
}

/** `<function>|<qualifier>`, as CloudFormation names it. */
export function eventInvokeConfigType({ eventInvokeConfigs }: Lambda): ResourceType {
  const target = ({ properties }: ResourceRequest): [functionName: string, qualifier: string] => [
    requiredText(properties, "FunctionName"),
    requiredText(properties, "Qualifier"),
  ];
  const put = (request: ResourceRequest): ResourceOutcome => {
    eventInvokeConfigs.put(...target(request), eventInvokeSettings(request.properties));
    return { attributes: {} };
  };
  return {
    replacedBy: ["FunctionName", "Qualifier"],
    identify: ({ properties }) =>
      `${requiredText(properties, "FunctionName")}|${requiredText(properties, "Qualifier")}`,
    create(request) {
      const existing = unlessMissing(() => eventInvokeConfigs.get(...target(request)));
      if (existing !== undefined) {
        throw new Error(
          `Resource of type '${request.type}' with identifier '${request.physicalId}' already exists. Delete the settings that were made past the stack: aws lambda delete-function-event-invoke-config`,
        );
      }
      return put(request);
    },
    update: put,
    remove: (request) =>
      unlessGone(() => {
        eventInvokeConfigs.delete(...target(request));
      }),
  };
}

function eventInvokeSettings(properties: ValueObject): EventInvokeSettings {
  const destinations = objectIn(properties, "DestinationConfig") ?? {};
  const destination = (name: string): { Destination?: string } => {
    const arn = optionalText(objectIn(destinations, name) ?? {}, "Destination");
    return arn === undefined ? {} : { Destination: arn };
  };
  return {
    MaximumRetryAttempts: optionalNumber(properties, "MaximumRetryAttempts"),
    MaximumEventAgeInSeconds: optionalNumber(properties, "MaximumEventAgeInSeconds"),
    DestinationConfig: { OnSuccess: destination("OnSuccess"), OnFailure: destination("OnFailure") },
  };
}
