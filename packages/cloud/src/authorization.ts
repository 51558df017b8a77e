/**
 * May this caller do this? The account's policies decide, as in AWS; the administrator may do everything.
 *
 * Source: IAM User Guide, "Policy evaluation logic"; the words of the refusal are AWS's.
 */

import type { Identities, Policy } from "@dsql-local/cluster";

import { ServiceError, type Caller } from "./service.ts";

export interface AccessDetails {
  /** Of the request, where it is not the endpoint's own. */
  readonly region?: string;
  /** Condition keys of the service. */
  readonly context?: Readonly<Record<string, string>>;
  /** The resource's own policy: what it denies is denied to the administrator as well. */
  readonly resourcePolicy?: Policy;
}

/** @throws {ServiceError} AccessDenied, status 403 */
export type Authorizer = (
  caller: Caller,
  action: string,
  resourceArn: string,
  details?: AccessDetails,
) => void;

export function createAuthorizer(identities: Identities, region: string): Authorizer {
  const administratorArn = identities.administrator.principalArn;
  return (caller, action, resourceArn, details = {}) => {
    const { resourcePolicy } = details;
    if (caller.principalArn === administratorArn && resourcePolicy === undefined) return;
    const context = {
      "aws:RequestedRegion": details.region ?? region,
      "aws:ResourceAccount": identities.account,
      "s3:ResourceAccount": identities.account,
      "aws:SecureTransport": "true", // what would come over TLS in AWS comes over loopback here
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
