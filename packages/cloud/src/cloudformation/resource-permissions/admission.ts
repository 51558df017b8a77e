/**
 * Whoever a stack is worked on for needs what AWS would ask of them: for each step of each resource, and for each parameter of SSM
 * that a template reads.
 */

import type { Authorizer, Permission } from "../../authorization.ts";
import type { StackActor } from "../stack.ts";
import { jsonNeeds, type ResourceAbout, type ResourceChange, type ResourceFacts } from "./change.ts";
import { resourcePermissions } from "./table.ts";

export interface AdmissionOptions {
  readonly account: string;
  readonly region: string;
  readonly authorize: Authorizer;
  readonly facts: ResourceFacts;
}

/** @param actor - undefined where nobody asked: what the endpoint makes for itself */
export interface Admission {
  /** @throws {ServiceError} AccessDenied: a permission that the change needs is lacked */
  readonly change: (actor: StackActor | undefined, type: string, change: ResourceChange) => void;
  /** @throws {ServiceError} AccessDenied: the parameter may not be read */
  readonly read: (actor: StackActor | undefined, parameter: string) => void;
  /** @throws {Error} nothing would keep anybody from making resources of such a type */
  readonly refuseUnlisted: (types: readonly string[]) => void;
}

export function createAdmission({ account, region, authorize, facts }: AdmissionOptions): Admission {
  const ask = (
    actor: StackActor | undefined,
    needsOf: (about: ResourceAbout) => readonly Permission[],
  ): void => {
    if (actor === undefined) return;
    const caller = { ...actor, accessKeyId: "" };
    for (const { action, resource, context } of needsOf({ ...facts, account, region, caller })) {
      authorize(caller, action, resource, { region, ...(context !== undefined && { context }) });
    }
  };
  return {
    change(actor, type, change) {
      const needs = resourcePermissions[tableName(type)];
      if (needs === undefined) throw new Error(`the table of permissions lacks ${type}`);
      ask(actor, (about) => needs(change, about));
    },
    read: (actor, parameter) => {
      ask(actor, (about) => jsonNeeds("ssm", "GetParameters", { Names: [parameter] }, about));
    },
    refuseUnlisted(types) {
      const missing = types.filter((type) => !Object.hasOwn(resourcePermissions, type));
      if (missing.length > 0) throw new Error(`the table of permissions lacks ${missing.join(", ")}`);
    },
  };
}

function tableName(type: string): string {
  return type.startsWith("Custom::") ? "AWS::CloudFormation::CustomResource" : type;
}
