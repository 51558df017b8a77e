/**
 * Managed policies of the account's own: a document under an ARN, attached to roles.
 *
 * The identities know AWS's managed policies and a role's inline ones. An own managed policy is attached as an inline
 * policy whose name says where it comes from, and follows its document when that changes.
 */

import { join } from "node:path";

import type { Identities, Role } from "@dsql-local/cluster";

import { ServiceError } from "../service.ts";
import { readStateFile, writeStateFile } from "../state-file.ts";

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
  readonly #file: string;
  readonly #identities: Identities;
  readonly #policies = new Map<string, CustomerPolicy>();

  constructor(options: { dataDir: string; identities: Identities }) {
    this.#file = join(options.dataDir, "managed-policies.json");
    this.#identities = options.identities;
    for (const policy of (readStateFile(this.#file) ?? []) as CustomerPolicy[])
      this.#policies.set(policy.arn, policy);
  }

  arnOf(name: string, path = "/"): string {
    return `arn:aws:iam::${this.#identities.account}:policy${path}${name}`;
  }

  all(): readonly CustomerPolicy[] {
    return [...this.#policies.values()];
  }

  find(arn: string): CustomerPolicy | undefined {
    return this.#policies.get(arn);
  }

  /** @throws {ServiceError} EntityAlreadyExists, LimitExceeded */
  create(options: { name: string; path: string; document: unknown }): CustomerPolicy {
    const arn = this.arnOf(options.name, options.path);
    if (this.#policies.has(arn)) {
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
    this.#policies.set(arn, policy);
    this.#save();
    return policy;
  }

  /** Replaces the document, for the roles that have it too. */
  replaceDocument(arn: string, document: unknown): void {
    const policy = this.#existing(arn);
    this.#policies.set(arn, { ...policy, document });
    this.#save();
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
    if (this.#policies.delete(arn)) this.#save();
  }

  attachedRoles(arn: string): readonly Role[] {
    const policy = this.#policies.get(arn);
    if (policy === undefined) return [];
    return this.#identities.listRoles().filter((role) => inlineName(policy) in role.policies);
  }

  /** Attaches a managed policy, AWS's or the account's own. */
  attach(roleName: string, arn: string): void {
    const own = this.#policies.get(arn);
    if (own === undefined) this.#identities.attachManagedPolicy(roleName, arn);
    else this.#identities.putRolePolicy(roleName, inlineName(own), own.document);
  }

  detach(roleName: string, arn: string): void {
    const own = this.#policies.get(arn);
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
    const policy = this.#policies.get(arn);
    if (policy !== undefined) return policy;
    throw new ServiceError({ code: "NoSuchEntity", message: `Policy ${arn} was not found.`, status: 404 });
  }

  #save(): void {
    writeStateFile(this.#file, this.all());
  }
}

function inlineName(policy: CustomerPolicy): string {
  return inlinePrefix + policy.name;
}
