/**
 * May this caller do this? The account's policies decide, and those of the resource, as in AWS; the administrator may do
 * everything that no resource denies.
 *
 * What a request needs stands in the table of `permissions/`, operation by operation. The router of a service asks its
 * gate before an operation runs; no operation decides for itself, and none runs that the table does not name.
 *
 * Source: IAM User Guide, "Policy evaluation logic"; the words of the refusal are AWS's.
 */

import type { Identities, Policy } from "@dsql-local/account";

import { ServiceError, type Caller } from "./service.ts";

/** One action on one resource. */
export interface Permission {
  /** `s3:GetObject` */
  readonly action: string;
  /** An ARN, or `*` for actions that concern no resource in particular: only `*` in a policy covers it. */
  readonly resource: string;
  /** Condition keys of this action: those of the service, and `aws:RequestTag/…`. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** Who asks, and where. */
export interface About {
  readonly account: string;
  /** The one that signed. */
  readonly region: string;
  readonly caller: Caller;
}

/** What a request of one operation needs; all of it, or the request is refused. */
export type Needs<Input, Facts = unknown> = (input: Input, about: About & Facts) => readonly Permission[];

/** By operation. */
export type PermissionTable<Input, Facts = unknown> = Readonly<Record<string, Needs<Input, Facts>>>;

/** What a resource itself says about access. */
export interface ResourceFacts {
  /** What it denies is denied to the administrator as well. */
  readonly policy?: Policy | undefined;
  /** As `aws:ResourceTag/…`. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** @returns undefined for a resource that is not there, or has nothing to say */
export type DescribeResource = (resourceArn: string) => ResourceFacts | undefined;

export interface AccessDetails {
  /** Of the request, where it is not the endpoint's own. */
  readonly region?: string;
  /** Condition keys of the service. */
  readonly context?: Permission["context"];
  /** Instead of the policy that the resource has. */
  readonly resourcePolicy?: Policy;
}

/** @throws {ServiceError} AccessDenied, status 403 */
export type Authorizer = (
  caller: Caller,
  action: string,
  resourceArn: string,
  details?: AccessDetails,
) => void;

export function createAuthorizer(
  identities: Identities,
  region: string,
  describe: DescribeResource = () => undefined,
): Authorizer {
  const administratorArn = identities.administrator.principalArn;
  return (caller, action, resourceArn, details = {}) => {
    const facts = describe(resourceArn);
    const resourcePolicy = details.resourcePolicy ?? facts?.policy;
    if (caller.principalArn === administratorArn && resourcePolicy === undefined) return;
    const context = {
      "aws:RequestedRegion": details.region ?? region,
      "aws:ResourceAccount": identities.account,
      "s3:ResourceAccount": identities.account,
      "aws:SecureTransport": "true", // what would come over TLS in AWS comes over loopback here
      ...prefixed("aws:ResourceTag/", facts?.tags ?? {}),
      ...details.context,
    };
    const { principalArn } = caller;
    if (identities.isAllowed({ principalArn, action, resourceArn, context, resourcePolicy })) return;
    const isAllowedAlone = identities.isAllowed({ principalArn, action, resourceArn, context });
    const reason = isAllowedAlone
      ? "with an explicit deny in a resource-based policy"
      : `because no identity-based policy allows the ${action} action`;
    throw new ServiceError({
      code: "AccessDenied",
      message: `User: ${caller.callerArn} is not authorized to perform: ${action} on resource: ${resourceArn} ${reason}`,
      status: 403,
    });
  };
}

/** How a service's requests are decided about. */
export interface ServiceAccess<Input, Facts> {
  readonly table: PermissionTable<Input, Facts>;
  readonly account: string;
  readonly authorize: Authorizer;
  /** What the table needs to know of the service: which stack a name means, and the like. */
  readonly facts: Facts;
}

export interface GateOptions<Input, Facts> extends ServiceAccess<Input, Facts> {
  /** The service's, each of which the table must name. */
  readonly operations: readonly string[];
}

/** Stands before the operations of one service. */
export class Gate<Input, Facts = unknown> {
  readonly #options: GateOptions<Input, Facts>;

  /** @throws {Error} the table does not say what an operation needs: nothing would keep anybody from it */
  constructor(options: GateOptions<Input, Facts>) {
    const missing = options.operations.filter((operation) => !Object.hasOwn(options.table, operation));
    if (missing.length > 0) throw new Error(`the table of permissions lacks ${missing.join(", ")}`);
    this.#options = options;
  }

  /** @throws {ServiceError} AccessDenied: the caller lacks a permission that the operation needs */
  admit(
    operation: string,
    input: Input,
    request: { readonly caller: Caller; readonly region: string },
  ): void {
    const { table, account, authorize, facts } = this.#options;
    const needs = table[operation];
    if (needs === undefined) throw new Error(`the table of permissions lacks ${operation}`);
    const { caller, region } = request;
    for (const { action, resource, context } of needs(input, { ...facts, account, region, caller })) {
      authorize(caller, action, resource, { region, ...(context !== undefined && { context }) });
    }
  }

  /** Whether the caller may; for an operation that does what it may and reports the rest. */
  admits(...asked: Parameters<Gate<Input, Facts>["admit"]>): boolean {
    try {
      this.admit(...asked);
      return true;
    } catch (error) {
      if (error instanceof ServiceError && error.code === "AccessDenied") return false;
      throw error;
    }
  }
}

function prefixed(prefix: string, values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
}
