/** What a stack's state file has to look like. */

import { anything, byName, flag, list, number, object, optional, text, texts } from "../state-shape.ts";

const parameters = list(object({ key: text, value: text, resolvedValue: optional(text) }));
const outputs = list(
  object({ key: text, value: text, description: optional(text), exportName: optional(text) }),
);
const definition = object({
  templateBody: text,
  parameters,
  tags: list(object({ key: text, value: text })),
  capabilities: texts,
  notificationArns: texts,
  roleArn: optional(text),
});
const resource = object({
  logicalId: text,
  type: text,
  physicalId: text,
  status: text,
  statusReason: optional(text),
  properties: byName(anything),
  attributes: byName(anything),
  needs: texts,
  deletionPolicy: text,
  updateReplacePolicy: text,
  updatedAtMs: number,
});
const operation = object({
  kind: text,
  onFailure: text,
  clientRequestToken: optional(text),
  actor: optional(object({ principalArn: text, callerArn: text })),
  retainResources: optional(texts),
  previous: optional(object({ definition, resources: list(resource), outputs })),
  obsolete: list(resource),
});
const changes = list(
  object({ action: text, logicalId: text, type: text, changedProperties: texts, physicalId: optional(text) }),
);

export const stackShape = object({
  name: text,
  id: text,
  parentId: optional(text),
  rootId: optional(text),
  status: text,
  statusReason: optional(text),
  createdAtMs: number,
  updatedAtMs: optional(number),
  deletedAtMs: optional(number),
  definition,
  description: optional(text),
  terminationProtection: flag,
  disableRollback: flag,
  outputs,
  resources: byName(resource),
  events: list(
    object({ eventId: text, atMs: number, logicalId: text, physicalId: text, type: text, status: text }),
  ),
  changeSets: byName(
    object({
      name: text,
      id: text,
      type: text,
      createdAtMs: number,
      status: text,
      executionStatus: text,
      definition,
      changes,
      onStackFailure: text,
    }),
  ),
  imports: optional(texts),
  operation: optional(operation),
  failedOperation: optional(operation),
});
