/**
 * AWS IAM for SDK users: roles and their policies, over the account's identities, which decide by them.
 *
 * Users, groups and access keys are not offered: the local account has one administrator, and roles.
 */

import type { Identities, Role } from "@dsql-local/account";

import type { Authorizer } from "../authorization.ts";
import { permissionTable } from "../permissions/index.ts";
import {
  members,
  paginate,
  type QueryOperation,
  queryService,
  validationError,
  type XmlValue,
} from "../protocol/index.ts";
import { ServiceError, type Service } from "../service.ts";
import type { CustomerPolicies } from "./customer-policies.ts";

export { CustomerPolicies } from "./customer-policies.ts";

const itemsPerPage = 100;

export function createIam(options: {
  identities: Identities;
  policies: CustomerPolicies;
  authorize: Authorizer;
}): Service {
  const { identities, policies } = options;
  return queryService({
    name: "IAM",
    namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    access: {
      table: permissionTable.iam,
      account: identities.account,
      authorize: options.authorize,
      facts: { roleArn: (name) => identities.getRole(name)?.arn },
    },
    operations: {
      ...roleOperations(identities),
      ...rolePolicyOperations(identities, policies),
      ...policyOperations(identities, policies),
    },
  });
}

function roleOperations(identities: Identities): Record<string, QueryOperation> {
  const existing = (name: string): Role => existingRole(identities, name);
  return {
    CreateRole(input) {
      const name = input.required("RoleName");
      if (identities.getRole(name) !== undefined) {
        throw new ServiceError({
          code: "EntityAlreadyExists",
          message: `Role with name ${name} already exists.`,
          status: 409,
        });
      }
      const path = input.text("Path") ?? "/";
      const maxSessionSeconds = input.number("MaxSessionDuration");
      const role = identities.putRole({
        name,
        path,
        arn: `arn:aws:iam::${identities.account}:role${path}${name}`,
        assumeRolePolicy: input.required("AssumeRolePolicyDocument"),
        ...(maxSessionSeconds === undefined ? {} : { maxSessionSeconds }),
      });
      return { Role: describeRole(role) };
    },

    GetRole: (input) => ({ Role: describeRole(existing(input.required("RoleName"))) }),

    ListRoles(input) {
      const prefix = input.text("PathPrefix") ?? "/";
      const roles = identities.listRoles().filter((role) => role.path.startsWith(prefix));
      const page = paginate(roles, input.text("Marker"), itemsPerPage);
      return {
        Roles: members(page.items.map(describeRole)),
        IsTruncated: page.nextToken !== undefined,
        Marker: page.nextToken,
      };
    },

    UpdateAssumeRolePolicy(input) {
      const role = existing(input.required("RoleName"));
      identities.putRole({ ...role, assumeRolePolicy: input.required("PolicyDocument") });
      return undefined;
    },

    DeleteRole(input) {
      const role = existing(input.required("RoleName"));
      if (Object.keys(role.policies).length + role.managedPolicyArns.length > 0) {
        throw new ServiceError({
          code: "DeleteConflict",
          message: "Cannot delete entity, must delete policies first.",
          status: 409,
        });
      }
      identities.deleteRole(role.name);
      return undefined;
    },
  };
}

function rolePolicyOperations(
  identities: Identities,
  policies: CustomerPolicies,
): Record<string, QueryOperation> {
  const existing = (name: string): Role => existingRole(identities, name);
  return {
    PutRolePolicy(input) {
      const role = existing(input.required("RoleName"));
      identities.putRolePolicy(role.name, input.required("PolicyName"), input.required("PolicyDocument"));
      return undefined;
    },

    GetRolePolicy(input) {
      const role = existing(input.required("RoleName"));
      const name = input.required("PolicyName");
      const document = role.policies[name];
      if (document === undefined) {
        throw new ServiceError({
          code: "NoSuchEntity",
          message: `The role policy with name ${name} cannot be found.`,
          status: 404,
        });
      }
      return {
        RoleName: role.name,
        PolicyName: name,
        PolicyDocument: encodeURIComponent(JSON.stringify(document)),
      };
    },

    DeleteRolePolicy(input) {
      identities.deleteRolePolicy(existing(input.required("RoleName")).name, input.required("PolicyName"));
      return undefined;
    },

    ListRolePolicies(input) {
      const role = existing(input.required("RoleName"));
      return { PolicyNames: members(policies.inlineNames(role)), IsTruncated: false };
    },

    AttachRolePolicy(input) {
      policies.attach(existing(input.required("RoleName")).name, input.required("PolicyArn"));
      return undefined;
    },

    DetachRolePolicy(input) {
      policies.detach(existing(input.required("RoleName")).name, input.required("PolicyArn"));
      return undefined;
    },

    ListAttachedRolePolicies(input) {
      const role = existing(input.required("RoleName"));
      const attached = policies.attachedTo(role).map((arn) => ({
        PolicyName: arn.slice(arn.lastIndexOf("/") + 1),
        PolicyArn: arn,
      }));
      return { AttachedPolicies: members(attached), IsTruncated: false };
    },
  };
}

function policyOperations(
  identities: Identities,
  policies: CustomerPolicies,
): Record<string, QueryOperation> {
  return {
    CreatePolicy(input) {
      const policy = policies.create({
        name: input.required("PolicyName"),
        path: input.text("Path") ?? "/",
        document: parseDocument(input.required("PolicyDocument")),
      });
      return {
        Policy: { PolicyName: policy.name, Arn: policy.arn, Path: policy.path, DefaultVersionId: "v1" },
      };
    },

    GetPolicy(input) {
      const arn = input.required("PolicyArn");
      const policy = policies.find(arn);
      if (policy === undefined) {
        throw new ServiceError({
          code: "NoSuchEntity",
          message: `Policy ${arn} was not found.`,
          status: 404,
        });
      }
      const count = policies.attachedRoles(arn).length;
      return {
        Policy: {
          PolicyName: policy.name,
          Arn: arn,
          Path: policy.path,
          DefaultVersionId: "v1",
          AttachmentCount: count,
        },
      };
    },

    ListPolicies: () => ({
      Policies: members(
        policies.all().map((policy) => ({ PolicyName: policy.name, Arn: policy.arn, Path: policy.path })),
      ),
      IsTruncated: false,
    }),

    DeletePolicy(input) {
      policies.delete(input.required("PolicyArn"));
      return undefined;
    },

    GetUser(_input, request) {
      const arn = request.caller.principalArn;
      const credential = identities.administrator;
      if (arn !== credential.principalArn)
        throw validationError("Must specify userName when calling with non-User credentials");
      return {
        User: {
          UserName: arn.slice(arn.lastIndexOf("/") + 1),
          Arn: arn,
          UserId: credential.userId,
          Path: "/",
        },
      };
    },
  };
}

function existingRole(identities: Identities, name: string): Role {
  const role = identities.getRole(name);
  if (role !== undefined && !name.startsWith("arn:")) return role;
  throw new ServiceError({
    code: "NoSuchEntity",
    message: `The role with name ${name} cannot be found.`,
    status: 404,
  });
}

function describeRole(role: Role): XmlValue {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: new Date(role.createdAtMs).toISOString(),
    AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(role.assumeRolePolicy)),
    MaxSessionDuration: role.maxSessionSeconds,
  };
}

function parseDocument(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ServiceError({
      code: "MalformedPolicyDocument",
      message: "Syntax errors in policy.",
      cause: error,
    });
  }
}
