/**
 * The services of one Region: stacks, functions, parameters, logs and repositories of one Region are nothing to another.
 *
 * What the Regions of an account share is handed in: identities and policies, buckets' names, the clusters' control plane.
 */

import type { Identities } from "@dsql-local/account";
import type { Log } from "@dsql-local/cluster";

import { createAuthorizer, type DescribeResource, type ResourceFacts } from "./authorization.ts";
import {
  type CloudFormation,
  createCloudFormation,
  createResourceTypes,
  type ResponseListener,
} from "./cloudformation/index.ts";
import type { DsqlControlPlane } from "./dsql/index.ts";
import { createEcr, Repositories } from "./ecr.ts";
import { HttpApiRequests, HttpApis } from "./http-api/index.ts";
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
  /** Resources of all Regions. */
  readonly describeResource: DescribeResource;
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
  /** Serves what comes to HTTP APIs. */
  readonly httpApiRequests: HttpApiRequests;
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
  const parameters = new ParameterStore(dataDir);
  const describe: DescribeResource = (arn) =>
    shared.describeResource(arn) ??
    describeParameter(parameters, arn) ??
    describeStack(cloudFormation.store, arn);
  const authorize = createAuthorizer(identities, region, describe);
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
    describeResource: shared.describeResource,
    fetchObject: ({ bucket, key }) => s3.objectBytes(bucket, key, region),
    log,
    ...shared.lambdaBounds,
  });
  const httpApis = new HttpApis({ dataDir, region, endpoint: shared.awsEndpoint });
  const cloudFormation = createCloudFormation({
    dataDir,
    account,
    region,
    log,
    authorize,
    readers: {
      objectText: (url) => s3.objectText(url),
      objectArn: (url) => s3.objectArn(url),
      ssmValue: (selector) => parameters.select(selector)?.value,
      withLocalAddresses: (text) => httpApis.withLocalAddresses(text),
      isAssumable: (roleArn) => isAssumable(identities, roleArn),
    },
    facts: {
      roleArn: (name) => identities.getRole(name)?.arn,
      rolesWith: (policyArn) => shared.policies.attachedRoles(policyArn).map(({ arn }) => arn),
      functionArn: lambda.functionArn,
    },
    resourceTypes: createResourceTypes({
      ...shared,
      httpApis,
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
    httpApiRequests: new HttpApiRequests({ apis: httpApis, lambda, account, region }),
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

/** By its ARN and no other way: that is what the caller's right to hand it over was asked about. */
function isAssumable(identities: Identities, roleArn: string): boolean {
  if (identities.getRole(roleArn)?.arn !== roleArn) return false;
  const session = { sessionName: "AWSCloudFormation", service: "cloudformation.amazonaws.com" };
  return identities.mayAssume({ roleArn, ...session });
}

function describeParameter(parameters: ParameterStore, arn: string): ResourceFacts | undefined {
  const name = /^arn:aws:ssm:[^:]+:\d{12}:parameter\/(.+)$/.exec(arn)?.[1];
  if (name === undefined) return undefined;
  return { tags: (parameters.find(`/${name}`) ?? parameters.find(name))?.tags };
}

function describeStack(stacks: CloudFormation["store"], arn: string): ResourceFacts | undefined {
  if (!arn.startsWith("arn:aws:cloudformation:")) return undefined;
  const tags = stacks.find(arn)?.definition.tags ?? [];
  return { tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])) };
}
