/** AWS STS: who am I, and the assumption of roles under their trust policies. */

import type { Identities } from "@dsql-local/account";

import type { Authorizer } from "./authorization.ts";
import { permissionTable } from "./permissions/index.ts";
import { type QueryInput, queryService, validationError } from "./protocol/index.ts";
import type { Service } from "./service.ts";

export function createSts(identities: Identities, authorize: Authorizer): Service {
  return queryService({
    name: "STS",
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    access: { table: permissionTable.sts, account: identities.account, authorize, facts: {} },
    operations: {
      GetCallerIdentity(_input, request) {
        const credential = identities.find(request.caller.accessKeyId);
        return {
          Arn: request.caller.callerArn,
          UserId: credential?.userId ?? request.caller.accessKeyId,
          Account: identities.account,
        };
      },

      AssumeRole(input, request) {
        const roleArn = input.required("RoleArn");
        const sessionName = input.required("RoleSessionName");
        if (!/^arn:aws[-a-z]*:iam::\d{12}:role\/.+$/.test(roleArn))
          throw validationError(`${roleArn} is invalid`);
        refuseSessionPolicies(input);
        const durationSeconds = input.number("DurationSeconds");
        const externalId = input.text("ExternalId");
        const credential = identities.assumeRole({
          roleArn,
          sessionName,
          callerArn: request.caller.callerArn,
          ...(durationSeconds === undefined ? {} : { durationSeconds }),
          ...(externalId === undefined ? {} : { context: { "sts:ExternalId": externalId } }),
        });
        return {
          AssumedRoleUser: { Arn: credential.callerArn, AssumedRoleId: credential.userId },
          Credentials: {
            AccessKeyId: credential.accessKeyId,
            SecretAccessKey: credential.secretAccessKey,
            SessionToken: credential.sessionToken,
            Expiration: new Date(credential.expiresAtMs ?? 0).toISOString(),
          },
        };
      },
    },
  });
}

/** A session policy takes permissions away; a session without it would have more than was asked for. */
function refuseSessionPolicies(input: QueryInput): void {
  if (input.text("Policy") === undefined && input.list("PolicyArns").length === 0) return;
  throw validationError(
    "dsql-local does not offer session policies (Policy, PolicyArns). Assume a role that has no more than the session shall have.",
  );
}
