/**
 * May this caller do this? The account's policies decide, as in AWS; the administrator may do everything.
 *
 * Source: IAM User Guide, "Policy evaluation logic"; the words of the refusal are AWS's.
 */

import type { Identities } from "@dsql-local/cluster";

import { ServiceError, type Caller } from "./service.ts";

/** @throws {ServiceError} AccessDenied, status 403 */
export type Authorizer = (caller: Caller, action: string, resourceArn: string) => void;

export function createAuthorizer(identities: Identities, region: string): Authorizer {
  const administratorArn = identities.administrator.principalArn;
  return (caller, action, resourceArn) => {
    if (caller.principalArn === administratorArn) return;
    const context = {
      "aws:RequestedRegion": region,
      "aws:ResourceAccount": identities.account,
      "s3:ResourceAccount": identities.account,
      "aws:SecureTransport": "true", // what would come over TLS in AWS comes over loopback here
    };
    if (identities.isAllowed({ principalArn: caller.principalArn, action, resourceArn, context })) return;
    throw new ServiceError({
      code: "AccessDenied",
      message: `User: ${caller.callerArn} is not authorized to perform: ${action} on resource: ${resourceArn} because no identity-based policy allows the ${action} action`,
      status: 403,
    });
  };
}
