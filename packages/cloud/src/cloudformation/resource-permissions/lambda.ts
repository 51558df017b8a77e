/** Functions and what leads to them. Source: Service Authorization Reference, "Actions … for AWS Lambda". */

import type { Permission } from "../../authorization.ts";
import { objectIn, optionalText } from "../properties.ts";
import type { ValueObject } from "../values.ts";
import {
  differs,
  droppedTagsQuery,
  hasProperty,
  lambdaNeeds,
  present,
  type ResourceAbout,
  type ResourceChange,
  type ResourceNeeds,
  tagsAreSet,
} from "./change.ts";

export const lambdaResourcePermissions: Readonly<Record<string, ResourceNeeds>> = {
  "AWS::Lambda::Alias": (change, about) => {
    const properties = present(change);
    const own = onFunction(`${verb[change.step]}Alias`)(change, about);
    const qualifier = optionalText(properties, "Name");
    return [...own, ...provisionedNeeds(change, functionNameIn(properties), qualifier, about)];
  },
  "AWS::Lambda::EventInvokeConfig": (change, about) => {
    const operation = { create: "Put", update: "Update", delete: "Delete" }[change.step];
    const functionName = functionNameIn(present(change));
    const qualifier = optionalText(present(change), "Qualifier");
    return lambdaNeeds(`${operation}FunctionEventInvokeConfig`, { functionName, qualifier }, about);
  },
  "AWS::Lambda::Function": functionNeeds,
  "AWS::Lambda::Permission": (change, about) => {
    const { Principal, FunctionUrlAuthType } = textsOf(present(change), "Principal", "FunctionUrlAuthType");
    const functionName = functionNameIn(present(change));
    if (change.step === "delete") return lambdaNeeds("RemovePermission", { functionName }, about);
    return lambdaNeeds("AddPermission", { functionName, body: { Principal, FunctionUrlAuthType } }, about);
  },
  "AWS::Lambda::Url": (change, about) => {
    const properties = present(change);
    const named = {
      functionName: optionalText(properties, "TargetFunctionArn") ?? "",
      qualifier: optionalText(properties, "Qualifier"),
      body: textsOf(properties, "AuthType"),
    };
    return lambdaNeeds(`${verb[change.step]}FunctionUrlConfig`, named, about);
  },
  "AWS::Lambda::Version": (change, about) => {
    const functionName = functionNameIn(present(change));
    // Its physical id is its ARN once it is published, and before that there is nothing to delete.
    const number = /^arn:.*:(\d+)$/.exec(change.physicalId)?.[1];
    const own = {
      create: () => lambdaNeeds("PublishVersion", { functionName }, about),
      update: () => [],
      delete: () =>
        number === undefined ? [] : lambdaNeeds("DeleteFunction", { functionName, qualifier: number }, about),
    };
    // It gets its number with its making, so provisioning is asked for as of any version.
    return [...own[change.step](), ...provisionedNeeds(change, functionName, number ?? "*", about)];
  },
};

const verb = { create: "Create", update: "Update", delete: "Delete" } as const;

const onFunction =
  (operation: string): ResourceNeeds =>
  (change, about) =>
    lambdaNeeds(operation, { functionName: functionNameIn(present(change)) }, about);

function functionNameIn(properties: ValueObject): string {
  return optionalText(properties, "FunctionName") ?? "";
}

function textsOf(properties: ValueObject, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = optionalText(properties, name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

function functionNeeds(change: ResourceChange, about: ResourceAbout): readonly Permission[] {
  const { step, physicalId: functionName, after } = change;
  const code = textsOf(objectIn(after.properties, "Code") ?? {}, "S3Bucket", "S3Key", "S3ObjectVersion");
  const given = textsOf(after.properties, "Role");
  const query = droppedTagsQuery(change);
  const on = (operation: string, body = {}): readonly Permission[] =>
    lambdaNeeds(operation, { functionName, body }, about);
  switch (step) {
    case "create":
      return [
        ...on("CreateFunction", { FunctionName: functionName, Tags: after.tags, Code: code, ...given }),
        ...(hasProperty(after.properties, reserved) ? on("PutFunctionConcurrency") : []),
      ];
    case "update":
      return [
        ...on("UpdateFunctionConfiguration", given),
        ...(differs(change, "Code") ? on("UpdateFunctionCode", code) : []),
        ...reservationNeeds(change, on),
        ...(tagsAreSet(change) ? on("TagResource", { Tags: after.tags }) : []),
        ...(query.size > 0 ? lambdaNeeds("UntagResource", { functionName, query }, about) : []),
      ];
    case "delete":
      return on("DeleteFunction");
  }
}

const reserved = "ReservedConcurrentExecutions";

function reservationNeeds(
  change: ResourceChange,
  on: (operation: string) => readonly Permission[],
): readonly Permission[] {
  if (!differs(change, reserved)) return [];
  return on(`${hasProperty(change.after.properties, reserved) ? "Put" : "Delete"}FunctionConcurrency`);
}

/** Environments that a version or an alias is to have ready. @param qualifier - which of them */
function provisionedNeeds(
  change: ResourceChange,
  functionName: string,
  qualifier: string | undefined,
  about: ResourceAbout,
): readonly Permission[] {
  const isChanged = provisionedNames.some((name) => differs(change, name));
  if (change.step === "delete" || !isChanged) return [];
  const isWanted = provisionedNames.some((name) => hasProperty(change.after.properties, name));
  const operation = `${isWanted ? "Put" : "Delete"}ProvisionedConcurrencyConfig`;
  return lambdaNeeds(operation, { functionName, qualifier }, about);
}

/** Versions and aliases have a name for it each. */
const provisionedNames = ["ProvisionedConcurrencyConfig", "ProvisionedConcurrency"];
