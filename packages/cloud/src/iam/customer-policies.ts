/**
 * Managed policies of the account's own: a document under an ARN, attached to roles.
 *
 * The identities know AWS's managed policies and a role's inline ones. An own managed policy is attached as an inline
 * policy whose name says where it comes from, and follows its document when that changes.
 */

import { join } from "node:path";

import type { Identities, Role } from "@dsql-local/account";

import { ServiceError } from "../service.ts";
import { StateList } from "../state-file.ts";
import { number, object, text } from "../state-shape.ts";

export interface CustomerPolicy {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  readonly document: unknown;
  readonly createdAtMs: number;
}

/** AWS's quota. */
const policiesMax = 1_500;

const inlinePrefix = "customer-managed.";

export class CustomerPolicies {
  readonly #identities: Identities;
  readonly #policies: StateList<CustomerPolicy>;

  constructor(options: { dataDir: string; identities: Identities }) {
    this.#identities = options.identities;
    this.#policies = new StateList({
      file: join(options.dataDir, "managed-policies.json"),
      item: object({ name: text, path: text, arn: text, document: object({}), createdAtMs: number }),
      nameOf: ({ arn }) => arn,
    });
  }

  arnOf(name: string, path = "/"): string {
    return `arn:aws:iam::${this.#identities.account}:policy${path}${name}`;
  }

  all(): readonly CustomerPolicy[] {
    return this.#policies.all();
  }

  find(arn: string): CustomerPolicy | undefined {
    return this.#policies.find(arn);
  }

  /** @throws {ServiceError} EntityAlreadyExists, LimitExceeded */
  create(options: { name: string; path: string; document: unknown }): CustomerPolicy {
    const arn = this.arnOf(options.name, options.path);
    if (this.#policies.find(arn) !== undefined) {
      throw new ServiceError({
        code: "EntityAlreadyExists",
        message: `A policy called ${options.name} already exists. Duplicate names are not allowed.`,
        status: 409,
      });
    }
    if (this.#policies.size >= policiesMax) {
      throw new ServiceError({
        code: "LimitExceeded",
        message: `Cannot exceed quota for PoliciesPerAccount: ${policiesMax}`,
        status: 409,
      });
    }
    const policy = { ...options, arn, createdAtMs: Date.now() };
    this.#policies.set(policy);
    return policy;
  }

  /** Replaces the document, for the roles that have it too. */
  replaceDocument(arn: string, document: unknown): void {
    const policy = this.#existing(arn);
    this.#policies.set({ ...policy, document });
    for (const role of this.attachedRoles(arn))
      this.#identities.putRolePolicy(role.name, inlineName(policy), document);
  }

  /** @throws {ServiceError} DeleteConflict while a role has it */
  delete(arn: string): void {
    if (this.attachedRoles(arn).length > 0) {
      throw new ServiceError({
        code: "DeleteConflict",
        message: "Cannot delete a policy attached to entities.",
        status: 409,
      });
    }
    this.#policies.delete(arn);
  }

  attachedRoles(arn: string): readonly Role[] {
    const policy = this.#policies.find(arn);
    if (policy === undefined) return [];
    return this.#identities.listRoles().filter((role) => inlineName(policy) in role.policies);
  }

  /** Attaches a managed policy, AWS's or the account's own. */
  attach(roleName: string, arn: string): void {
    const own = this.#policies.find(arn);
    if (own === undefined) this.#identities.attachManagedPolicy(roleName, arn);
    else this.#identities.putRolePolicy(roleName, inlineName(own), own.document);
  }

  detach(roleName: string, arn: string): void {
    const own = this.#policies.find(arn);
    if (own === undefined) this.#identities.detachManagedPolicy(roleName, arn);
    else this.#identities.deleteRolePolicy(roleName, inlineName(own));
  }

  /** ARNs of the managed policies that a role has. */
  attachedTo(role: Role): readonly string[] {
    const own = this.all().filter((policy) => inlineName(policy) in role.policies);
    return [...role.managedPolicyArns, ...own.map((policy) => policy.arn)];
  }

  /** Names of the policies that are a role's own, without those that stand for managed ones. */
  inlineNames(role: Role): readonly string[] {
    return Object.keys(role.policies).filter((name) => !name.startsWith(inlinePrefix));
  }

  #existing(arn: string): CustomerPolicy {
    const policy = this.#policies.find(arn);
    if (policy !== undefined) return policy;
    throw new ServiceError({ code: "NoSuchEntity", message: `Policy ${arn} was not found.`, status: 404 });
  }
}

function inlineName(policy: CustomerPolicy): string {
  return inlinePrefix + policy.name;
}
