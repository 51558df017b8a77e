/**
 * The services of one Region: stacks, functions, parameters, logs and repositories of one Region are nothing to another.
 *
 * What the Regions of an account share is handed in: identities and policies, buckets' names, the clusters' control plane.
 */

import type { Identities, Log } from "@dsql-local/cluster";

import { createAuthorizer } from "./authorization.ts";
import {
  type CloudFormation,
  createCloudFormation,
  createResourceTypes,
  type ResponseListener,
} from "./cloudformation/index.ts";
import type { DsqlControlPlane } from "./dsql/index.ts";
import { createEcr, Repositories } from "./ecr.ts";
import type { CustomerPolicies } from "./iam/index.ts";
import { createLambda, type Lambda, type LambdaOptions } from "./lambda/index.ts";
import { createLogs, LogGroups } from "./logs/index.ts";
import type { S3 } from "./s3/index.ts";
import type { Service } from "./service.ts";
import { createSsm, ParameterStore } from "./ssm/index.ts";

/** What all Regions of the account have in common. */
export interface SharedServices {
  readonly account: string;
  readonly identities: Identities;
  readonly policies: CustomerPolicies;
  readonly dsql: DsqlControlPlane;
  readonly s3: S3;
  readonly customResourceResponses: ResponseListener;
  readonly clusterAccess: LambdaOptions["clusterAccess"];
  /** The endpoint's own address, known when it listens. */
  readonly awsEndpoint: () => string;
  readonly log: Log;
  /** As `LambdaOptions` has them; the bounds are each Region's own, as the quotas are in AWS. */
  readonly lambdaBounds: Pick<LambdaOptions, "environmentsMax" | "threads">;
}

export interface RegionalServices {
  readonly lambda: Lambda;
  readonly cloudFormation: CloudFormation;
  /** By the name in the credential scope. */
  readonly services: Readonly<Record<RegionalServiceName, Service>>;
}

export type RegionalServiceName = "cloudformation" | "ecr" | "lambda" | "logs" | "ssm";

/** @param dataDir - of this Region alone */
export function createRegionalServices(
  region: string,
  dataDir: string,
  shared: SharedServices,
): RegionalServices {
  const { account, identities, log, s3 } = shared;
  const authorize = createAuthorizer(identities, region);
  const parameters = new ParameterStore(dataDir);
  const repositories = new Repositories(dataDir);
  const logGroups = new LogGroups(dataDir);
  const lambda = createLambda({
    dataDir,
    account,
    region,
    identities,
    clusterAccess: shared.clusterAccess,
    awsEndpoint: shared.awsEndpoint,
    customResourceResponses: shared.customResourceResponses,
    fetchObject: ({ bucket, key }) => s3.objectBytes(bucket, key, region),
    log,
    ...shared.lambdaBounds,
  });
  const cloudFormation = createCloudFormation({
    dataDir,
    account,
    region,
    log,
    authorize,
    readers: {
      objectText: (url) => s3.objectText(url),
      ssmValue: (selector) => parameters.select(selector)?.value,
      isAssumable: (roleArn) => identities.getRole(roleArn) !== undefined,
    },
    resourceTypes: createResourceTypes({
      ...shared,
      lambda,
      logGroups,
      objects: s3.store,
      parameters,
      region,
      repositories,
    }),
  });
  return {
    lambda,
    cloudFormation,
    services: {
      cloudformation: cloudFormation,
      ecr: createEcr({ repositories, account, region, authorize }),
      lambda,
      logs: createLogs({ groups: logGroups, account, region, authorize }),
      ssm: createSsm({ store: parameters, account, region, authorize }),
    },
  };
}
