/**
 * What each operation of the endpoint needs: which actions on which resources, with their condition keys.
 *
 * One table for all services, read by their routers through a `Gate`. It states; it decides nothing and reads no state
 * but what its services tell it.
 *
 * Always true: an operation that stands not in here is not served: a service whose operation is missing does not start.
 *
 * Source: AWS Service Authorization Reference, "Actions, resources, and condition keys".
 * Tests: test/permissions.test.ts, which asks for every operation once with everything but one permission.
 */

import { cloudFormationPermissions } from "./cloudformation.ts";
import { dsqlPermissions } from "./dsql.ts";
import { ecrPermissions } from "./ecr.ts";
import { iamPermissions } from "./iam.ts";
import { lambdaPermissions } from "./lambda.ts";
import { logsPermissions } from "./logs.ts";
import { s3Permissions } from "./s3.ts";
import { ssmPermissions } from "./ssm.ts";
import { stsPermissions } from "./sts.ts";

export type { CloudFormationFacts } from "./cloudformation.ts";
export type { DsqlInput } from "./dsql.ts";
export type { IamFacts } from "./iam.ts";
export type { LambdaFacts, LambdaInput } from "./lambda.ts";
export type { LogsFacts } from "./logs.ts";
export type { S3Facts, S3Input } from "./s3.ts";
export { parameterArn } from "./ssm.ts";

/** By the name in the credential scope, and by operation. */
export const permissionTable = {
  cloudformation: cloudFormationPermissions,
  dsql: dsqlPermissions,
  ecr: ecrPermissions,
  iam: iamPermissions,
  lambda: lambdaPermissions,
  logs: logsPermissions,
  s3: s3Permissions,
  ssm: ssmPermissions,
  sts: stsPermissions,
};
