/** Stacks, events, resources and change sets in the XML shapes of the CloudFormation API. */

import { members, type XmlValue } from "../../protocol/index.ts";
import type {
  ChangeSet,
  ResourceChange,
  Stack,
  StackEvent,
  StackParameter,
  StackResource,
  Tag,
} from "../stack.ts";
import type { Template } from "../template.ts";

export const iso = (ms: number): string => new Date(ms).toISOString();

const isoOrNothing = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : iso(ms));

export function describeStack(stack: Stack, template: Template): XmlValue {
  const { definition } = stack;
  return {
    StackId: stack.id,
    StackName: stack.name,
    ParentId: stack.parentId,
    RootId: stack.rootId,
    Description: stack.description,
    Parameters: members(describeParameters(definition.parameters, template)),
    CreationTime: iso(stack.createdAtMs),
    LastUpdatedTime: isoOrNothing(stack.updatedAtMs),
    DeletionTime: isoOrNothing(stack.deletedAtMs),
    StackStatus: stack.status,
    StackStatusReason: stack.statusReason,
    DisableRollback: stack.disableRollback,
    NotificationARNs: members(definition.notificationArns),
    Capabilities: members(definition.capabilities),
    Outputs: members(
      stack.outputs.map((output) => ({
        OutputKey: output.key,
        OutputValue: output.value,
        Description: output.description,
        ExportName: output.exportName,
      })),
    ),
    RoleARN: definition.roleArn,
    Tags: members(describeTags(definition.tags)),
    EnableTerminationProtection: stack.terminationProtection,
    DriftInformation: { StackDriftStatus: "NOT_CHECKED" },
  };
}

export function describeParameters(
  parameters: readonly StackParameter[],
  template: Template,
): readonly XmlValue[] {
  return parameters.map((parameter) => ({
    ParameterKey: parameter.key,
    ParameterValue: template.parameters[parameter.key]?.noEcho === true ? "****" : parameter.value,
    ResolvedValue: parameter.resolvedValue,
  }));
}

export function describeTags(tags: readonly Tag[]): readonly XmlValue[] {
  return tags.map((tag) => ({ Key: tag.key, Value: tag.value }));
}

export function summarizeStack(stack: Stack): XmlValue {
  return {
    StackId: stack.id,
    StackName: stack.name,
    ParentId: stack.parentId,
    RootId: stack.rootId,
    TemplateDescription: stack.description,
    CreationTime: iso(stack.createdAtMs),
    LastUpdatedTime: isoOrNothing(stack.updatedAtMs),
    DeletionTime: isoOrNothing(stack.deletedAtMs),
    StackStatus: stack.status,
    StackStatusReason: stack.statusReason,
    DriftInformation: { StackDriftStatus: "NOT_CHECKED" },
  };
}

export function describeEvent(stack: Stack, event: StackEvent): XmlValue {
  return {
    StackId: stack.id,
    EventId: event.eventId,
    StackName: stack.name,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: iso(event.atMs),
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason,
    ResourceProperties: event.properties === undefined ? undefined : JSON.stringify(event.properties),
    ClientRequestToken: event.clientRequestToken,
  };
}

export function describeResource(stack: Stack, resource: StackResource): XmlValue {
  return {
    StackName: stack.name,
    StackId: stack.id,
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physicalId,
    ResourceType: resource.type,
    Timestamp: iso(resource.updatedAtMs),
    LastUpdatedTimestamp: iso(resource.updatedAtMs),
    ResourceStatus: resource.status,
    ResourceStatusReason: resource.statusReason,
    Metadata: resource.metadata === undefined ? undefined : JSON.stringify(resource.metadata),
    DriftInformation: { StackResourceDriftStatus: "NOT_CHECKED" },
  };
}

export function describeChangeSet(stack: Stack, changeSet: ChangeSet, template: Template): XmlValue {
  const { definition } = changeSet;
  return {
    ChangeSetName: changeSet.name,
    ChangeSetId: changeSet.id,
    StackId: stack.id,
    StackName: stack.name,
    Description: changeSet.description,
    Parameters: members(describeParameters(definition.parameters, template)),
    CreationTime: iso(changeSet.createdAtMs),
    ExecutionStatus: changeSet.executionStatus,
    Status: changeSet.status,
    StatusReason: changeSet.statusReason,
    NotificationARNs: members(definition.notificationArns),
    Capabilities: members(definition.capabilities),
    Tags: members(describeTags(definition.tags)),
    Changes: members(
      changeSet.changes.map((change) => ({ Type: "Resource", ResourceChange: describeChange(change) })),
    ),
    IncludeNestedStacks: false,
    OnStackFailure: changeSet.onStackFailure,
  };
}

function describeChange(change: ResourceChange): XmlValue {
  const replacement = change.replacement;
  return {
    Action: change.action,
    LogicalResourceId: change.logicalId,
    PhysicalResourceId: change.physicalId,
    ResourceType: change.type,
    Replacement: replacement,
    Scope: members(change.action === "Modify" ? ["Properties"] : []),
    Details: members(
      change.changedProperties.map((name) => ({
        Target: {
          Attribute: "Properties",
          Name: name,
          RequiresRecreation: replacement === "True" ? "Always" : "Never",
        },
        Evaluation: "Static",
        ChangeSource: "DirectModification",
      })),
    ),
  };
}

export function summarizeChangeSet(stack: Stack, changeSet: ChangeSet): XmlValue {
  return {
    StackId: stack.id,
    StackName: stack.name,
    ChangeSetId: changeSet.id,
    ChangeSetName: changeSet.name,
    ExecutionStatus: changeSet.executionStatus,
    Status: changeSet.status,
    StatusReason: changeSet.statusReason,
    CreationTime: iso(changeSet.createdAtMs),
    Description: changeSet.description,
  };
}
