/** Source: Service Authorization Reference, "Actions … for AWS Identity and Access Management". */

import type { Needs, Permission, PermissionTable } from "../authorization.ts";
import type { QueryInput } from "../protocol/index.ts";
import { tagContext } from "./requested-tags.ts";

export interface IamFacts {
  /** Of a role that exists: its path is part of its ARN. */
  readonly roleArn: (name: string) => string | undefined;
}

type IamNeeds = Needs<QueryInput, IamFacts>;

const onRole =
  (operation: string): IamNeeds =>
  (input, { account, roleArn }) => {
    const name = input.text("RoleName") ?? "";
    return [
      { action: `iam:${operation}`, resource: roleArn(name) ?? `arn:aws:iam::${account}:role/${name}` },
    ];
  };

/** Which policy is attached may be limited: `iam:PolicyARN`. */
const onRoleWithPolicy =
  (operation: string): IamNeeds =>
  (input, about) => {
    const context = { "iam:PolicyARN": input.text("PolicyArn") ?? "" };
    return onRole(operation)(input, about).map((permission) => ({ ...permission, context }));
  };

const onPolicy =
  (operation: string): IamNeeds =>
  (input) => [{ action: `iam:${operation}`, resource: input.text("PolicyArn") ?? "*" }];

/** Something new, under the path that it is to have; its tags need a permission of their own. */
const onNew =
  (kind: "role" | "policy", operation: string, tagging: string): IamNeeds =>
  (input, { account }) => {
    const name = input.text(kind === "role" ? "RoleName" : "PolicyName") ?? "";
    const resource = `arn:aws:iam::${account}:${kind}${input.text("Path") ?? "/"}${name}`;
    const tags = input
      .list("Tags")
      .map((tag): [string, string] => [tag.text("Key") ?? "", tag.text("Value") ?? ""]);
    const context = tagContext(Object.fromEntries(tags));
    const create: Permission = { action: `iam:${operation}`, resource, context };
    return tags.length === 0 ? [create] : [create, { action: `iam:${tagging}`, resource, context }];
  };

/** A list asks about the path that it lists. */
const onPath =
  (kind: "role" | "policy", operation: string): IamNeeds =>
  (input, { account }) => {
    const resource = `arn:aws:iam::${account}:${kind}${input.text("PathPrefix") ?? "/"}`;
    return [{ action: `iam:${operation}`, resource }];
  };

export const iamPermissions: PermissionTable<QueryInput, IamFacts> = {
  CreateRole: onNew("role", "CreateRole", "TagRole"),
  GetRole: onRole("GetRole"),
  ListRoles: onPath("role", "ListRoles"),
  UpdateAssumeRolePolicy: onRole("UpdateAssumeRolePolicy"),
  DeleteRole: onRole("DeleteRole"),
  PutRolePolicy: onRole("PutRolePolicy"),
  GetRolePolicy: onRole("GetRolePolicy"),
  DeleteRolePolicy: onRole("DeleteRolePolicy"),
  ListRolePolicies: onRole("ListRolePolicies"),
  AttachRolePolicy: onRoleWithPolicy("AttachRolePolicy"),
  DetachRolePolicy: onRoleWithPolicy("DetachRolePolicy"),
  ListAttachedRolePolicies: onRole("ListAttachedRolePolicies"),
  CreatePolicy: onNew("policy", "CreatePolicy", "TagPolicy"),
  GetPolicy: onPolicy("GetPolicy"),
  ListPolicies: onPath("policy", "ListPolicies"),
  DeletePolicy: onPolicy("DeletePolicy"),
  GetUser: (input, { account, caller }) => {
    const name = input.text("UserName");
    const resource = name === undefined ? caller.principalArn : `arn:aws:iam::${account}:user/${name}`;
    return [{ action: "iam:GetUser", resource }];
  },
};

/** Handing a role to a service: whoever does it lets the service act as the role. */
export function passRole(roleArn: string, service: string): Permission {
  return { action: "iam:PassRole", resource: roleArn, context: { "iam:PassedToService": service } };
}
