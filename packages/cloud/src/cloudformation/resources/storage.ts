/** AWS::S3::Bucket, AWS::S3::BucketPolicy, AWS::SSM::Parameter, AWS::ECR::Repository: names with settings. */

import type { Repositories } from "../../ecr.ts";
import { document, type XmlValue } from "../../protocol/index.ts";
import { type Bucket, type ObjectStore, parseBucketPolicy } from "../../s3/index.ts";
import type { ParameterStore } from "../../ssm/index.ts";
import { physicalName } from "../physical-name.ts";
import type { ResourceOutcome, ResourceRequest, ResourceType } from "../resource-type.ts";
import { isObject, type Value, type ValueObject } from "../template.ts";
import { objectIn, optionalText, requiredText, tagsOf, textMap } from "../properties.ts";

const bucketNameLengthMax = 63;

export function bucketType(store: ObjectStore, region: string): ResourceType {
  const outcome = (name: string): ResourceOutcome => ({
    attributes: {
      Arn: `arn:aws:s3:::${name}`,
      DomainName: `${name}.s3.amazonaws.com`,
      DualStackDomainName: `${name}.s3.dualstack.${region}.amazonaws.com`,
      RegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
      WebsiteURL: `http://${name}.s3-website-${region}.amazonaws.com`,
    },
  });
  const put = (bucket: Bucket, request: ResourceRequest): void => {
    // A bucket's policy is a resource of its own, so it is not this one's to change.
    const { policy } = bucket.settings;
    const settings = { ...bucketSettings(request), ...(policy === undefined ? {} : { policy }) };
    store.putBucket({ ...bucket, settings });
  };
  return {
    replacedBy: ["BucketName"],
    nameProperty: "BucketName",
    identify: ({ stackName, logicalId, properties }) =>
      optionalText(properties, "BucketName") ??
      physicalName(stackName, logicalId, { lengthMax: bucketNameLengthMax, isLowerCase: true }),
    create(request) {
      put(store.createBucket(request.physicalId, region), request);
      return outcome(request.physicalId);
    },
    update(request) {
      put(store.bucket(request.physicalId), request);
      return outcome(request.physicalId);
    },
    remove(request) {
      if (store.findBucket(request.physicalId) !== undefined) store.deleteBucket(request.physicalId);
    },
    actual: ({ physicalId }) =>
      store.findBucket(physicalId) === undefined ? undefined : { BucketName: physicalId },
  };
}

/** The properties that S3 answers for, in S3's own documents. */
function bucketSettings(request: ResourceRequest): Record<string, string> {
  const { properties } = request;
  const settings: Record<string, string> = {};
  const tags = Object.entries(tagsOf(request)).map(([Key, Value]) => ({ Key, Value }));
  if (tags.length > 0) settings["tagging"] = document("Tagging", { TagSet: { Tag: tags } });
  const versioning = objectIn(properties, "VersioningConfiguration");
  if (versioning !== undefined) settings["versioning"] = document("VersioningConfiguration", xml(versioning));
  const block = objectIn(properties, "PublicAccessBlockConfiguration");
  if (block !== undefined)
    settings["publicAccessBlock"] = document("PublicAccessBlockConfiguration", xml(block));
  const rules = objectIn(properties, "BucketEncryption")?.["ServerSideEncryptionConfiguration"];
  if (Array.isArray(rules)) {
    const Rule = rules.filter(isObject).map((rule) => ({
      ApplyServerSideEncryptionByDefault: xml(encryptionDefault(rule)),
      BucketKeyEnabled: optionalText(rule, "BucketKeyEnabled") ?? "false",
    }));
    settings["encryption"] = document("ServerSideEncryptionConfiguration", { Rule });
  }
  return settings;
}

function encryptionDefault(rule: ValueObject): ValueObject {
  return objectIn(rule, "ServerSideEncryptionByDefault") ?? { SSEAlgorithm: "AES256" };
}

function xml(value: Value): XmlValue {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(xml);
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, xml(inner)]));
  return value;
}

export function bucketPolicyType(store: ObjectStore): ResourceType {
  const put = (request: ResourceRequest): ResourceOutcome => {
    const bucket = store.bucket(requiredText(request.properties, "Bucket"));
    const policy = JSON.stringify(request.properties["PolicyDocument"] ?? {});
    parseBucketPolicy(policy);
    store.putBucket({ ...bucket, settings: { ...bucket.settings, policy } });
    return { attributes: {} };
  };
  return {
    replacedBy: ["Bucket"],
    identify: ({ stackName, logicalId }) => physicalName(stackName, logicalId, { lengthMax: 128 }),
    create: put,
    update: put,
    remove(request) {
      const bucket = store.findBucket(optionalText(request.properties, "Bucket") ?? "");
      if (bucket === undefined) return;
      const { policy: _policy, ...settings } = bucket.settings;
      store.putBucket({ ...bucket, settings });
    },
  };
}

export function parameterType(store: ParameterStore): ResourceType {
  const put = (request: ResourceRequest, overwrite: boolean): ResourceOutcome => {
    const { properties, physicalId } = request;
    const { type, value } = store.put(
      {
        name: physicalId,
        type: requiredText(properties, "Type"),
        value: requiredText(properties, "Value"),
        description: optionalText(properties, "Description") ?? "",
        tags: { ...request.tags, ...textMap(objectIn(properties, "Tags")) },
      },
      { overwrite },
    );
    return { attributes: { Type: type, Value: value } };
  };
  return {
    replacedBy: ["Name"],
    nameProperty: "Name",
    identify: ({ stackName, logicalId, properties }) =>
      optionalText(properties, "Name") ?? `CFN-${physicalName(stackName, logicalId, { lengthMax: 500 })}`,
    create: (request) => put(request, false),
    update: (request) => put(request, true),
    remove(request) {
      store.delete(request.physicalId);
    },
    actual({ physicalId }) {
      const found = store.find(physicalId);
      return (
        found && { Description: found.description, Name: found.name, Type: found.type, Value: found.value }
      );
    },
  };
}

export function repositoryType(repositories: Repositories, arnPrefix: string): ResourceType {
  const outcome = (name: string): ResourceOutcome => ({
    attributes: { Arn: `${arnPrefix}${name}`, RepositoryUri: name },
  });
  return {
    replacedBy: ["RepositoryName", "EncryptionConfiguration"],
    nameProperty: "RepositoryName",
    identify: ({ stackName, logicalId, properties }) =>
      optionalText(properties, "RepositoryName") ??
      physicalName(stackName, logicalId, { lengthMax: 256, isLowerCase: true }),
    create: (request) => outcome(repositories.create(request.physicalId).name),
    update: (request) => outcome(request.physicalId),
    remove(request) {
      repositories.delete(request.physicalId);
    },
  };
}
