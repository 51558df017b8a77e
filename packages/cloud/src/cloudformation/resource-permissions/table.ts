/**
 * What CloudFormation needs to make, change and remove a resource, by its type: it acts in somebody's name, and a template is no
 * way around what that one may do.
 *
 * What an operation of the endpoint does as well is asked as that operation asks it, by the same table. Of a change only what
 * differs is asked for, as only that is done.
 *
 * Always true: a type of resource that stands not in here is not offered: the endpoint does not start.
 *
 * Source: AWS CloudFormation, "Resource type handlers' permissions"; Service Authorization Reference.
 * Tests: test/stack-permissions.test.ts, which makes a resource of every type with everything but one permission.
 */

import type { Permission } from "../../authorization.ts";
import { objectIn, optionalText, textsIn } from "../properties.ts";
import type { ValueObject } from "../values.ts";
import {
  differs,
  dsqlNeeds,
  droppedTagsQuery,
  hasProperty,
  lambdaNeeds,
  present,
  queryNeeds,
  type ResourceAbout,
  type ResourceChange,
  type ResourceNeeds,
  tagMembers,
  tagsAreSet,
} from "./change.ts";
import { iamResourcePermissions } from "./iam.ts";
import { lambdaResourcePermissions } from "./lambda.ts";
import { storageResourcePermissions } from "./storage.ts";

/** By type; `Custom::…` is `AWS::CloudFormation::CustomResource`. */
export const resourcePermissions: Readonly<Record<string, ResourceNeeds>> = {
  ...iamResourcePermissions,
  ...lambdaResourcePermissions,
  ...storageResourcePermissions,
  "AWS::ApiGatewayV2::Api": ({ step, physicalId }, { region }) =>
    step === "create" ? onApi(step, "/apis", region) : onApi(step, `/apis/${physicalId}`, region),
  "AWS::ApiGatewayV2::Integration": partOfApi("integrations"),
  "AWS::ApiGatewayV2::Route": partOfApi("routes"),
  "AWS::ApiGatewayV2::Stage": partOfApi("stages"),
  "AWS::CDK::Metadata": () => [],
  "AWS::CloudFormation::CustomResource": (change, about) => {
    const functionName = optionalText(present(change), "ServiceToken") ?? "";
    return lambdaNeeds("Invoke", { functionName }, about);
  },
  "AWS::CloudFormation::Stack": ({ step, physicalId: StackName, after }, about) => {
    if (step === "delete") return queryNeeds("cloudformation", "DeleteStack", { StackName }, about);
    const TemplateURL = optionalText(after.properties, "TemplateURL");
    const members = { StackName, TemplateURL, ...tagMembers(after.tags) };
    return queryNeeds("cloudformation", step === "create" ? "CreateStack" : "UpdateStack", members, about);
  },
  "AWS::CloudFormation::WaitConditionHandle": () => [],
  "AWS::DSQL::Cluster": dsqlCluster,
};

/** API Gateway knows no actions but the methods of its REST API. */
function onApi(step: ResourceChange["step"], path: string, region: string): readonly Permission[] {
  const method = { create: "POST", update: "PATCH", delete: "DELETE" };
  return [{ action: `apigateway:${method[step]}`, resource: `arn:aws:apigateway:${region}::${path}` }];
}

function partOfApi(parts: string): ResourceNeeds {
  return (change, { region }) => {
    const path = `/apis/${optionalText(present(change), "ApiId") ?? ""}/${parts}`;
    return onApi(change.step, change.step === "create" ? path : `${path}/${change.physicalId}`, region);
  };
}

function dsqlCluster(change: ResourceChange, about: ResourceAbout): readonly Permission[] {
  const { step, physicalId: name, after } = change;
  const isPeered = differs(change, "MultiRegionProperties");
  const multiRegionProperties = isPeered ? multiRegionIn(after.properties) : undefined;
  const isGiven = hasProperty(after.properties, "PolicyDocument");
  const query = droppedTagsQuery(change);
  const arn = `arn:aws:dsql:${about.region}:${about.account}:cluster/${name}`;
  switch (step) {
    case "create": {
      const tags = Object.keys(after.tags).length === 0 ? undefined : after.tags;
      const policy = isGiven ? "{}" : undefined;
      return dsqlNeeds("CreateCluster", { input: { tags, policy, multiRegionProperties } }, about);
    }
    case "update":
      return [
        ...dsqlNeeds("UpdateCluster", { name, input: { multiRegionProperties } }, about),
        ...(differs(change, "PolicyDocument")
          ? dsqlNeeds(isGiven ? "PutClusterPolicy" : "DeleteClusterPolicy", { name }, about)
          : []),
        ...(tagsAreSet(change)
          ? dsqlNeeds("TagResource", { name: arn, input: { tags: after.tags } }, about)
          : []),
        ...(query.size > 0 ? dsqlNeeds("UntagResource", { name: arn, query }, about) : []),
      ];
    case "delete":
      return dsqlNeeds("DeleteCluster", { name }, about);
  }
}

/** As a request of the control plane has them. */
function multiRegionIn(properties: ValueObject): object | undefined {
  const given = objectIn(properties, "MultiRegionProperties");
  if (given === undefined) return undefined;
  const clusters = given["Clusters"] === undefined ? undefined : textsIn(given, "Clusters");
  return { witnessRegion: optionalText(given, "WitnessRegion"), clusters };
}
