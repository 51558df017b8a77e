/** Roles and policies. Source: Service Authorization Reference, "Actions … for AWS Identity and Access Management". */

import { isDeepStrictEqual } from "node:util";

import type { Permission } from "../../authorization.ts";
import { listIn, optionalText, requiredText, textsIn } from "../properties.ts";
import { isObject, type Value, type ValueObject } from "../values.ts";
import {
  differs,
  nothing,
  present,
  queryNeeds,
  type ResourceAbout,
  type ResourceChange,
  type ResourceNeeds,
  tagMembers,
} from "./change.ts";

export const iamResourcePermissions: Readonly<Record<string, ResourceNeeds>> = {
  "AWS::IAM::ManagedPolicy": managedPolicy,
  "AWS::IAM::Policy": inlinePolicy,
  "AWS::IAM::Role": role,
};

function role(change: ResourceChange, about: ResourceAbout): readonly Permission[] {
  const { step, physicalId, after } = change;
  const path = optionalText(present(change), "Path") ?? "/";
  const arn = about.roleArn(physicalId) ?? `arn:aws:iam::${about.account}:role${path}${physicalId}`;
  const on = (operation: string): Permission => ({ action: `iam:${operation}`, resource: arn });
  const own = {
    create: () =>
      queryNeeds("iam", "CreateRole", { RoleName: physicalId, Path: path, ...tagMembers(after.tags) }, about),
    update: () => [
      ...(differs(change, "AssumeRolePolicyDocument") ? [on("UpdateAssumeRolePolicy")] : []),
      ...(differs(change, "MaxSessionDuration") || differs(change, "Description") ? [on("UpdateRole")] : []),
    ],
    delete: () => [on("DeleteRole")],
  };
  return [...own[step](), ...inlineNeeds(change, on), ...attachmentNeeds(change, arn)];
}

/** A role's inline policies: those that come or change, and those that go. */
function inlineNeeds(
  { before, after }: ResourceChange,
  on: (operation: string) => Permission,
): readonly Permission[] {
  const [old, wanted] = [inlinePolicies(before.properties), inlinePolicies(after.properties)];
  const isPut = [...wanted].some(([name, document]) => !isDeepStrictEqual(old.get(name), document));
  const isDropped = [...old.keys()].some((name) => !wanted.has(name));
  return [...(isPut ? [on("PutRolePolicy")] : []), ...(isDropped ? [on("DeleteRolePolicy")] : [])];
}

function inlinePolicies(properties: ValueObject): ReadonlyMap<string, Value> {
  const policies = listIn(properties, "Policies").filter(isObject);
  return new Map(policies.map((each) => [requiredText(each, "PolicyName"), each["PolicyDocument"] ?? {}]));
}

function attachmentNeeds({ before, after }: ResourceChange, roleArn: string): readonly Permission[] {
  const old = textsIn(before.properties, "ManagedPolicyArns");
  const wanted = textsIn(after.properties, "ManagedPolicyArns");
  return [
    ...without(wanted, old).map((policyArn) => attachment("AttachRolePolicy", roleArn, policyArn)),
    ...without(old, wanted).map((policyArn) => attachment("DetachRolePolicy", roleArn, policyArn)),
  ];
}

function inlinePolicy({ before, after }: ResourceChange, about: ResourceAbout): readonly Permission[] {
  const old = textsIn(before.properties, "Roles");
  const wanted = textsIn(after.properties, "Roles");
  const onRoles = (operation: string, names: readonly string[]): readonly Permission[] =>
    names.map((name) => ({ action: `iam:${operation}`, resource: roleArn(name, about) }));
  return [...onRoles("PutRolePolicy", wanted), ...onRoles("DeleteRolePolicy", without(old, wanted))];
}

function managedPolicy(change: ResourceChange, about: ResourceAbout): readonly Permission[] {
  const { step, physicalId, before, after } = change;
  const on = (operation: string): Permission => ({ action: `iam:${operation}`, resource: physicalId });
  const own = {
    create: () => {
      const Path = optionalText(after.properties, "Path");
      const PolicyName = physicalId.slice(physicalId.lastIndexOf("/") + 1);
      return queryNeeds("iam", "CreatePolicy", { PolicyName, Path, ...tagMembers(after.tags) }, about);
    },
    // A document that is replaced is a further version in AWS.
    update: () => (differs(change, "PolicyDocument") ? [on("CreatePolicyVersion")] : []),
    delete: () => [on("DeletePolicy")],
  };
  const wanted = rolesIn(after, about);
  // It goes from every role that has it, whoever gave it to that one.
  const old = step === "delete" ? about.rolesWith(physicalId) : rolesIn(before, about);
  return [
    ...own[step](),
    ...without(wanted, old).map((arn) => attachment("AttachRolePolicy", arn, physicalId)),
    ...without(old, wanted).map((arn) => attachment("DetachRolePolicy", arn, physicalId)),
  ];
}

function rolesIn({ properties }: typeof nothing, about: ResourceAbout): readonly string[] {
  return textsIn(properties, "Roles").map((name) => roleArn(name, about));
}

function roleArn(name: string, about: ResourceAbout): string {
  return about.roleArn(name) ?? `arn:aws:iam::${about.account}:role/${name}`;
}

/** Which policy is attached may be limited. */
function attachment(operation: string, roleArn: string, policyArn: string): Permission {
  return { action: `iam:${operation}`, resource: roleArn, context: { "iam:PolicyARN": policyArn } };
}

function without(all: readonly string[], others: readonly string[]): readonly string[] {
  return all.filter((each) => !others.includes(each));
}
