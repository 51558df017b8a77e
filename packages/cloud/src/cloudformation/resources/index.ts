/** The resource types that the local CloudFormation can provision, by name. */

import type { Identities } from "@dsql-local/account";

import type { DsqlControlPlane } from "../../dsql/index.ts";
import type { Repositories } from "../../ecr.ts";
import type { HttpApis } from "../../http-api/index.ts";
import type { CustomerPolicies } from "../../iam/index.ts";
import type { Lambda } from "../../lambda/index.ts";
import type { LogGroups } from "../../logs/index.ts";
import type { ObjectStore } from "../../s3/index.ts";
import type { ParameterStore } from "../../ssm/index.ts";
import { customResourceType, type ResponseListener } from "../custom-resources/index.ts";
import { physicalName } from "../physical-name.ts";
import type { ResourceOutcome, ResourceType } from "../resource-type.ts";
import { dsqlClusterType } from "./dsql-cluster.ts";
import { httpApiTypes } from "./http-api.ts";
import { managedPolicyType, policyType, roleType } from "./iam.ts";
import { functionType } from "./lambda.ts";
import { aliasType, eventInvokeConfigType, permissionType, urlType, versionType } from "./lambda-access.ts";
import { optionalNumber, optionalText } from "../properties.ts";
import { bucketPolicyType, bucketType, parameterType, repositoryType } from "./storage.ts";

export interface ResourceServices {
  readonly identities: Identities;
  readonly policies: CustomerPolicies;
  readonly httpApis: HttpApis;
  readonly lambda: Lambda;
  readonly logGroups: LogGroups;
  readonly objects: ObjectStore;
  readonly parameters: ParameterStore;
  readonly repositories: Repositories;
  readonly dsql: DsqlControlPlane;
  readonly customResourceResponses: ResponseListener;
  readonly account: string;
  readonly region: string;
}

export function createResourceTypes(services: ResourceServices): Readonly<Record<string, ResourceType>> {
  const { account, identities, lambda, objects, parameters, policies, region, repositories } = services;
  return {
    ...httpApiTypes(services.httpApis),
    "AWS::CDK::Metadata": inertType({ lengthMax: 128 }),
    "AWS::CloudFormation::CustomResource": customResourceType({
      invoke: (functionName, payload) => invokeAndWait(lambda, functionName, payload),
      responses: services.customResourceResponses,
    }),
    "AWS::CloudFormation::WaitConditionHandle": inertType({ lengthMax: 128 }),
    "AWS::DSQL::Cluster": dsqlClusterType(services.dsql, region),
    "AWS::ECR::Repository": repositoryType(repositories, `arn:aws:ecr:${region}:${account}:repository/`),
    "AWS::IAM::ManagedPolicy": managedPolicyType(policies, identities),
    "AWS::IAM::Policy": policyType(identities),
    "AWS::IAM::Role": roleType(identities, policies),
    "AWS::Lambda::Alias": aliasType(lambda),
    "AWS::Lambda::EventInvokeConfig": eventInvokeConfigType(lambda),
    "AWS::Lambda::Function": functionType(lambda),
    "AWS::Lambda::Permission": permissionType(lambda),
    "AWS::Lambda::Url": urlType(lambda),
    "AWS::Lambda::Version": versionType(lambda),
    "AWS::Logs::LogGroup": logGroupType(services.logGroups, `arn:aws:logs:${region}:${account}:log-group:`),
    "AWS::S3::Bucket": bucketType(objects, region),
    "AWS::S3::BucketPolicy": bucketPolicyType(objects),
    "AWS::SSM::Parameter": parameterType(parameters),
  };
}

async function invokeAndWait(lambda: Lambda, functionName: string, payload: string) {
  const output = await lambda.invoke({ functionName, payload });
  return { functionError: output.functionError, payload: output.payload };
}

/** A resource that is nothing but its entry in the stack. */
function inertType(options: { lengthMax: number }): ResourceType {
  return {
    replacedBy: [],
    identify: ({ stackName, logicalId }) => physicalName(stackName, logicalId, options),
    create: () => ({ attributes: {} }),
    update: () => ({ attributes: {} }),
    remove: () => undefined,
  };
}

function logGroupType(groups: LogGroups, arnPrefix: string): ResourceType {
  const outcome = (name: string): ResourceOutcome => ({ attributes: { Arn: `${arnPrefix}${name}:*` } });
  return {
    replacedBy: ["LogGroupName"],
    nameProperty: "LogGroupName",
    identify: ({ stackName, logicalId, properties }) =>
      optionalText(properties, "LogGroupName") ?? physicalName(stackName, logicalId, { lengthMax: 512 }),
    create({ physicalId, properties }) {
      groups.create(physicalId, { retentionInDays: optionalNumber(properties, "RetentionInDays") });
      return outcome(physicalId);
    },
    update({ physicalId, properties }) {
      groups.setRetention(physicalId, optionalNumber(properties, "RetentionInDays"));
      return outcome(physicalId);
    },
    remove({ physicalId }) {
      groups.delete(physicalId);
    },
    actual({ physicalId }) {
      const group = groups.find(physicalId);
      return group && { LogGroupName: physicalId, RetentionInDays: group.retentionInDays ?? null };
    },
  };
}
