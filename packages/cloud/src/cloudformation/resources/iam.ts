/** AWS::IAM::Role, AWS::IAM::Policy and AWS::IAM::ManagedPolicy over the account's identities. */

import type { Identities, Role } from "@dsql-local/account";

import type { CustomerPolicies } from "../../iam/index.ts";
import { canonical } from "../intrinsics.ts";
import { physicalName } from "../physical-name.ts";
import type { ResourceOutcome, ResourceRequest, ResourceType } from "../resource-type.ts";
import { isObject, type Value, type ValueObject } from "../template.ts";
import { listIn, optionalNumber, optionalText, requiredText, textsIn } from "../properties.ts";

/** IAM's own limits for names. */
const roleNameLengthMax = 64;
const policyNameLengthMax = 128;

export function roleType(identities: Identities, policies: CustomerPolicies): ResourceType {
  const put = (request: ResourceRequest): void => {
    const path = optionalText(request.properties, "Path") ?? "/";
    const maxSessionSeconds = optionalNumber(request.properties, "MaxSessionDuration");
    identities.putRole({
      name: request.physicalId,
      path,
      arn: `arn:aws:iam::${identities.account}:role${path}${request.physicalId}`,
      assumeRolePolicy: request.properties["AssumeRolePolicyDocument"] ?? {},
      ...(maxSessionSeconds === undefined ? {} : { maxSessionSeconds }),
    });
  };

  /** What differs and no more: only that was asked about. */
  const applyPolicies = (request: ResourceRequest, previous: ValueObject): void => {
    const name = request.physicalId;
    const wanted = inlinePolicies(request.properties);
    const before = inlinePolicies(previous);
    for (const old of before.keys()) if (!wanted.has(old)) identities.deleteRolePolicy(name, old);
    for (const [policyName, document] of wanted) {
      const old = before.get(policyName);
      if (old === undefined || canonical(old) !== canonical(document))
        identities.putRolePolicy(name, policyName, document);
    }
    const arns = textsIn(request.properties, "ManagedPolicyArns");
    const oldArns = textsIn(previous, "ManagedPolicyArns");
    for (const old of oldArns) if (!arns.includes(old)) policies.detach(name, old);
    for (const arn of arns) if (!oldArns.includes(arn)) policies.attach(name, arn);
  };

  const outcome = (request: ResourceRequest): ResourceOutcome => {
    const role = identities.getRole(request.physicalId);
    return { attributes: { Arn: role?.arn ?? "", RoleId: role?.id ?? "" } };
  };

  return {
    replacedBy: ["RoleName", "Path"],
    nameProperty: "RoleName",
    identify: ({ stackName, logicalId, properties }) =>
      optionalText(properties, "RoleName") ??
      physicalName(stackName, logicalId, { lengthMax: roleNameLengthMax }),
    create(request) {
      if (identities.getRole(request.physicalId) !== undefined) {
        throw new Error(`${request.physicalId} already exists in stack or account; choose another RoleName`);
      }
      try {
        put(request);
        applyPolicies(request, {});
      } catch (error) {
        identities.deleteRole(request.physicalId);
        throw error;
      }
      return outcome(request);
    },
    update(request, previous) {
      put(request);
      applyPolicies(request, previous.properties);
      return outcome(request);
    },
    remove(request) {
      identities.deleteRole(request.physicalId);
    },
    actual({ physicalId, properties }) {
      const role = identities.getRole(physicalId);
      return role && roleNow(properties, role, policies.attachedTo(role));
    },
  };
}

/** An inline policy of one or more roles. Users and groups are not offered. */
export function policyType(identities: Identities): ResourceType {
  const apply = (request: ResourceRequest, previous: ValueObject): ResourceOutcome => {
    refuseUsersAndGroups(request.properties);
    const name = requiredText(request.properties, "PolicyName");
    const roles = textsIn(request.properties, "Roles");
    for (const role of textsIn(previous, "Roles"))
      if (!roles.includes(role)) dropPolicy(identities, role, name);
    for (const role of roles)
      identities.putRolePolicy(role, name, request.properties["PolicyDocument"] ?? {});
    return { attributes: { Id: request.physicalId } };
  };
  return {
    replacedBy: ["PolicyName"],
    identify: ({ stackName, logicalId }) =>
      physicalName(stackName, logicalId, { lengthMax: policyNameLengthMax }),
    create(request) {
      try {
        return apply(request, {});
      } catch (error) {
        removePolicy(identities, request);
        throw error;
      }
    },
    update: (request, previous) => apply(request, previous.properties),
    remove: (request) => removePolicy(identities, request),
    actual({ properties }) {
      const name = requiredText(properties, "PolicyName");
      const documentOf = (role: string): unknown => identities.getRole(role)?.policies[name];
      const roles = textsIn(properties, "Roles").filter((role) => documentOf(role) !== undefined);
      if (roles.length === 0) return undefined;
      const written = properties["PolicyDocument"];
      const documents = roles.map((role) => asWritten(written, documentOf(role)));
      const changed = documents.find((document) => canonical(document) !== canonical(written ?? {}));
      return { PolicyDocument: changed ?? written ?? {}, PolicyName: name, Roles: roles };
    },
  };
}

export function managedPolicyType(policies: CustomerPolicies, identities: Identities): ResourceType {
  const nameOf = (request: ResourceRequest): string =>
    request.physicalId.slice(request.physicalId.lastIndexOf("/") + 1);
  const attach = (request: ResourceRequest, previous: ValueObject): void => {
    const roles = textsIn(request.properties, "Roles");
    for (const role of textsIn(previous, "Roles")) {
      if (!roles.includes(role) && identities.getRole(role) !== undefined)
        policies.detach(role, request.physicalId);
    }
    const oldRoles = textsIn(previous, "Roles");
    for (const role of roles) if (!oldRoles.includes(role)) policies.attach(role, request.physicalId);
  };
  const attributes = (request: ResourceRequest): ValueObject => ({
    PolicyArn: request.physicalId,
    DefaultVersionId: "v1",
  });
  const remove = (request: ResourceRequest): void => {
    for (const role of policies.attachedRoles(request.physicalId))
      policies.detach(role.name, request.physicalId);
    policies.delete(request.physicalId);
  };
  return {
    replacedBy: ["ManagedPolicyName", "Path", "Description"],
    nameProperty: "ManagedPolicyName",
    identify: ({ stackName, logicalId, properties }) =>
      policies.arnOf(
        optionalText(properties, "ManagedPolicyName") ??
          physicalName(stackName, logicalId, { lengthMax: policyNameLengthMax }),
        optionalText(properties, "Path") ?? "/",
      ),
    create(request) {
      const { properties } = request;
      refuseUsersAndGroups(properties);
      policies.create({
        name: nameOf(request),
        path: optionalText(properties, "Path") ?? "/",
        document: properties["PolicyDocument"] ?? {},
      });
      try {
        attach(request, {});
      } catch (error) {
        remove(request);
        throw error;
      }
      return { attributes: attributes(request) };
    },
    update(request, previous) {
      policies.replaceDocument(request.physicalId, request.properties["PolicyDocument"] ?? {});
      attach(request, previous.properties);
      return { attributes: attributes(request) };
    },
    remove,
  };
}

function inlinePolicies(properties: ValueObject): Map<string, Value> {
  const found = new Map<string, Value>();
  for (const policy of listIn(properties, "Policies")) {
    if (isObject(policy)) found.set(requiredText(policy, "PolicyName"), policy["PolicyDocument"] ?? {});
  }
  return found;
}

function roleNow(properties: ValueObject, role: Role, attached: readonly string[]): ValueObject {
  return {
    AssumeRolePolicyDocument: asWritten(properties["AssumeRolePolicyDocument"], role.assumeRolePolicy),
    ManagedPolicyArns: textsIn(properties, "ManagedPolicyArns").filter((arn) => attached.includes(arn)),
    MaxSessionDuration: role.maxSessionSeconds,
    Path: role.path,
    Policies: policiesNow(properties, role),
    RoleName: role.name,
  };
}

/** Of the inline policies that the template gives, those that the role has now. */
function policiesNow(properties: ValueObject, role: Role): Value {
  return [...inlinePolicies(properties)].flatMap(([PolicyName, written]) => {
    const document = role.policies[PolicyName];
    return document === undefined ? [] : [{ PolicyName, PolicyDocument: asWritten(written, document) }];
  });
}

/** A template may give a document as a text; the account keeps what the text stands for. */
function asWritten(written: Value | undefined, document: unknown): Value {
  const kept = document as Value;
  const isSame = typeof written === "string" && canonical(JSON.parse(written) as Value) === canonical(kept);
  return isSame ? written : kept;
}

function refuseUsersAndGroups(properties: ValueObject): void {
  if (listIn(properties, "Users").length + listIn(properties, "Groups").length === 0) return;
  throw new Error("The local account has roles only: Users and Groups cannot carry a policy");
}

function removePolicy(identities: Identities, request: ResourceRequest): void {
  const name = optionalText(request.properties, "PolicyName") ?? "";
  for (const role of textsIn(request.properties, "Roles")) dropPolicy(identities, role, name);
}

/** The role may be gone already, and its policies with it. */
function dropPolicy(identities: Identities, role: string, name: string): void {
  if (name in (identities.getRole(role)?.policies ?? {})) identities.deleteRolePolicy(role, name);
}
