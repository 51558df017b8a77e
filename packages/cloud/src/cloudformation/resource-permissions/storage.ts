/** Buckets, parameters, repositories, log groups. Source: Service Authorization Reference. */

import type { Permission } from "../../authorization.ts";
import { optionalText } from "../properties.ts";
import {
  differs,
  droppedTags,
  hasProperty,
  jsonNeeds,
  logsNeeds,
  present,
  type ResourceChange,
  type ResourceNeeds,
  tagPairs,
  tagsAreSet,
} from "./change.ts";

export const storageResourcePermissions: Readonly<Record<string, ResourceNeeds>> = {
  "AWS::ECR::Repository": (change, about) => {
    const { step, physicalId: repositoryName, after } = change;
    if (step === "create") {
      return jsonNeeds("ecr", "CreateRepository", { repositoryName, tags: tagPairs(after.tags) }, about);
    }
    if (step === "delete") return jsonNeeds("ecr", "DeleteRepository", { repositoryName }, about);
    const resource = `arn:aws:ecr:${about.region}:${about.account}:repository/${repositoryName}`;
    return Object.entries(repositorySettings)
      .filter(([name]) => differs(change, name))
      .map(([, action]) => ({ action: `ecr:${action}`, resource }));
  },
  "AWS::Logs::LogGroup": (change, about) => {
    const input = { logGroupName: change.physicalId };
    const retention = "RetentionInDays";
    const isKept = hasProperty(change.after.properties, retention);
    const retained = (): readonly Permission[] =>
      differs(change, retention)
        ? logsNeeds(`${isKept ? "Put" : "Delete"}RetentionPolicy`, input, about)
        : [];
    switch (change.step) {
      case "create":
        return [...logsNeeds("CreateLogGroup", { ...input, tags: change.after.tags }, about), ...retained()];
      case "update":
        return retained();
      case "delete":
        return logsNeeds("DeleteLogGroup", input, about);
    }
  },
  "AWS::S3::Bucket": bucket,
  "AWS::S3::BucketPolicy": (change) => [
    {
      action: change.step === "delete" ? "s3:DeleteBucketPolicy" : "s3:PutBucketPolicy",
      resource: `arn:aws:s3:::${optionalText(present(change), "Bucket") ?? ""}`,
    },
  ],
  "AWS::SSM::Parameter": (change, about) => {
    const { step, physicalId, after } = change;
    if (step === "delete") return jsonNeeds("ssm", "DeleteParameter", { Name: physicalId }, about);
    const Tags = tagsAreSet(change) ? tagPairs(after.tags) : [];
    const dropped = droppedTags(change);
    return [
      ...jsonNeeds("ssm", "PutParameter", { Name: physicalId, Tags, Overwrite: step === "update" }, about),
      ...(dropped.length === 0
        ? []
        : jsonNeeds("ssm", "RemoveTagsFromResource", { ResourceId: physicalId, TagKeys: dropped }, about)),
    ];
  },
};

const repositorySettings: Readonly<Record<string, string>> = {
  ImageScanningConfiguration: "PutImageScanningConfiguration",
  ImageTagMutability: "PutImageTagMutability",
  LifecyclePolicy: "PutLifecyclePolicy",
  RepositoryPolicyText: "SetRepositoryPolicy",
};

/** What a bucket is given with its making, or later, needs a permission of its own each. */
const bucketSettings: Readonly<Record<string, string>> = {
  BucketEncryption: "PutEncryptionConfiguration",
  CorsConfiguration: "PutBucketCORS",
  LifecycleConfiguration: "PutLifecycleConfiguration",
  LoggingConfiguration: "PutBucketLogging",
  NotificationConfiguration: "PutBucketNotification",
  OwnershipControls: "PutBucketOwnershipControls",
  PublicAccessBlockConfiguration: "PutBucketPublicAccessBlock",
  VersioningConfiguration: "PutBucketVersioning",
  WebsiteConfiguration: "PutBucketWebsite",
};

function bucket(change: ResourceChange): readonly Permission[] {
  const resource = `arn:aws:s3:::${change.physicalId}`;
  if (change.step === "delete") return [{ action: "s3:DeleteBucket", resource }];
  const changed = Object.keys(bucketSettings).filter((name) => differs(change, name));
  const actions = [
    ...(change.step === "create" ? ["CreateBucket"] : []),
    ...changed.map((name) => bucketSettings[name] ?? ""),
    ...(tagsAreSet(change) || droppedTags(change).length > 0 ? ["PutBucketTagging"] : []),
  ];
  return actions.map((action) => ({ action: `s3:${action}`, resource }));
}
