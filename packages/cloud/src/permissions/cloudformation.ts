/** Source: Service Authorization Reference, "Actions … for AWS CloudFormation". */

import type { Needs, Permission, PermissionTable } from "../authorization.ts";
import type { QueryInput } from "../protocol/index.ts";
import { passRole } from "./iam.ts";
import { tagContext } from "./requested-tags.ts";

export interface CloudFormationFacts {
  /** Of the stack that has this name or ARN; undefined where there is none. */
  readonly stackArn: (nameOrArn: string) => string | undefined;
  /** Of the stack that a change set belongs to, by the change set's name or ARN. */
  readonly changeSetStackArn: (changeSet: string, stackName: string | undefined) => string | undefined;
  /** The object that an HTTPS address of S3 means; undefined where it means none. */
  readonly objectArn: (url: string) => string | undefined;
}

type StackNeeds = Needs<QueryInput, CloudFormationFacts>;
type StackAbout = Parameters<StackNeeds>[1];

/** A stack by its ARN, which has its id in it: of one that is not there yet, any id. */
function stackResource(input: QueryInput, about: StackAbout): string {
  const name = input.text("StackName");
  const prefix = `arn:aws:cloudformation:${about.region}:${about.account}:stack/`;
  if (name === undefined) return `${prefix}*/*`;
  return about.stackArn(name) ?? (name.startsWith("arn:") ? name : `${prefix}${name}/*`);
}

const onStack =
  (operation: string): StackNeeds =>
  (input, about) => [{ action: `cloudformation:${operation}`, resource: stackResource(input, about) }];

const onNothing =
  (operation: string): StackNeeds =>
  () => [{ action: `cloudformation:${operation}`, resource: "*" }];

/** A change set is its stack's, also when it is named by its ARN alone. */
const onChangeSet =
  (operation: string): StackNeeds =>
  (input, about) => {
    const owner = about.changeSetStackArn(input.text("ChangeSetName") ?? "", input.text("StackName"));
    return [{ action: `cloudformation:${operation}`, resource: owner ?? stackResource(input, about) }];
  };

/** The template is read in the caller's name. */
function template(input: QueryInput, { objectArn }: StackAbout): readonly Permission[] {
  const url = input.text("TemplateURL");
  const resource = url === undefined || url === "" ? undefined : objectArn(url);
  return resource === undefined ? [] : [{ action: "s3:GetObject", resource }];
}

function role(input: QueryInput): readonly Permission[] {
  const arn = input.text("RoleARN");
  return arn === undefined ? [] : [passRole(arn, "cloudformation.amazonaws.com")];
}

/** What makes or changes a stack: its template, its role, its tags. */
const onDefinition =
  (operation: string): StackNeeds =>
  (input, about) => {
    const resource = stackResource(input, about);
    const tags = input
      .list("Tags")
      .map((tag): [string, string] => [tag.text("Key") ?? "", tag.text("Value") ?? ""]);
    const context = {
      ...tagContext(Object.fromEntries(tags)),
      ...named("cloudformation:TemplateUrl", input.text("TemplateURL")),
      ...named("cloudformation:RoleArn", input.text("RoleARN")),
      ...named("cloudformation:ChangeSetName", input.text("ChangeSetName")),
    };
    return [
      { action: `cloudformation:${operation}`, resource, context },
      ...template(input, about),
      ...role(input),
    ];
  };

const onStackWithRole =
  (operation: string): StackNeeds =>
  (input, about) => [...onStack(operation)(input, about), ...role(input)];

function named(key: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [key]: value };
}

export const cloudFormationPermissions: PermissionTable<QueryInput, CloudFormationFacts> = {
  CreateStack: onDefinition("CreateStack"),
  UpdateStack: onDefinition("UpdateStack"),
  DeleteStack: onStackWithRole("DeleteStack"),
  UpdateTerminationProtection: onStack("UpdateTerminationProtection"),
  RollbackStack: onStackWithRole("RollbackStack"),
  CreateChangeSet: onDefinition("CreateChangeSet"),
  ExecuteChangeSet: onChangeSet("ExecuteChangeSet"),
  DescribeChangeSet: onChangeSet("DescribeChangeSet"),
  DeleteChangeSet: onChangeSet("DeleteChangeSet"),
  ListChangeSets: onStack("ListChangeSets"),
  DescribeStacks: onStack("DescribeStacks"),
  ListStacks: onStack("ListStacks"),
  DescribeStackEvents: onStack("DescribeStackEvents"),
  DescribeStackResource: onStack("DescribeStackResource"),
  DescribeStackResources: onStack("DescribeStackResources"),
  ListStackResources: onStack("ListStackResources"),
  ListExports: onNothing("ListExports"),
  ListImports: onNothing("ListImports"),
  GetStackPolicy: onStack("GetStackPolicy"),
  ListStackRefactors: onNothing("ListStackRefactors"),
  DescribeAccountLimits: onNothing("DescribeAccountLimits"),
  /** Of a change set where one is named, of the stack otherwise. */
  GetTemplate: (input, about) =>
    (input.text("ChangeSetName") === undefined ? onStack : onChangeSet)("GetTemplate")(input, about),
  GetTemplateSummary: (input, about) => [
    ...(input.text("StackName") === undefined ? onNothing : onStack)("GetTemplateSummary")(input, about),
    ...template(input, about),
  ],
  ValidateTemplate: (input, about) => [
    ...onNothing("ValidateTemplate")(input, about),
    ...template(input, about),
  ],
  DetectStackDrift: onStack("DetectStackDrift"),
  DetectStackResourceDrift: onStack("DetectStackResourceDrift"),
  DescribeStackDriftDetectionStatus: onNothing("DescribeStackDriftDetectionStatus"),
  DescribeStackResourceDrifts: onStack("DescribeStackResourceDrifts"),
};
