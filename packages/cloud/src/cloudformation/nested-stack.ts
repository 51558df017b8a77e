/**
 * AWS::CloudFormation::Stack: a stack as a resource of another.
 *
 * The nested stack has a life, events and a rollback of its own; its parent waits for the end of each. What a parent's
 * rollback finds changed already is changed back by an update of the nested stack.
 *
 * Source: AWS CloudFormation User Guide, "Split a template into reusable pieces using nested stacks"; Template
 * Reference, AWS::CloudFormation::Stack.
 */

import { randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";

import { validationError } from "../protocol/index.ts";
import { type CloudFormationParts, refuseMissingCapabilities, refuseTransforms } from "./api/index.ts";
import { drawChanges } from "./change-set.ts";
import { resolveParameters } from "./parameters.ts";
import { physicalName } from "./physical-name.ts";
import type { ResourceOutcome, ResourceRequest, ResourceType } from "./resource-type.ts";
import { objectIn, requiredText, tagsOf, textMap, textsIn } from "./properties.ts";
import { isInProgress, type Stack, type StackActor, type StackDefinition } from "./stack.ts";
import { parseNewTemplate, type Template } from "./template.ts";

/** A stack's name in AWS has at most 128 characters. */
const nameLengthMax = 128;

/** Stacks within stacks within stacks: further down is refused, so that a template that contains itself ends. */
const depthMax = 10;

export function nestedStackType(parts: CloudFormationParts, stackArnPrefix: string): ResourceType {
  const { store, deployments } = parts;
  return {
    replacedBy: [],
    isRemovedAfterFailure: true,
    identify: ({ stackName, logicalId }) =>
      `${stackArnPrefix}${physicalName(stackName, logicalId, { lengthMax: nameLengthMax })}/${randomUUID()}`,
    check(properties) {
      requiredText(properties, "TemplateURL");
    },

    async create(request) {
      const wanted = await readDefinition(parts, request);
      const parent = store.get(request.stackId);
      refuseDepth(parts, parent);
      const stack = store.create(nameIn(request.physicalId), wanted.definition, "REVIEW_IN_PROGRESS", {
        id: request.physicalId,
        parentId: parent.id,
        rootId: parent.rootId ?? parent.id,
      });
      isWithoutChange(parts, stack, wanted);
      const { definition, actor } = wanted;
      deployments.beginCreate(stack, { definition, actor, onFailure: "ROLLBACK" });
      await deployments.settled(stack);
      if (stack.status !== "CREATE_COMPLETE") throw new Error(notSuccessful(stack, "created"));
      return outcome(stack);
    },

    async update(request) {
      const stack = store.get(request.physicalId);
      await settled(parts, stack);
      const wanted = await readDefinition(parts, request);
      if (isWithoutChange(parts, stack, wanted)) return outcome(stack);
      const { definition, actor } = wanted;
      deployments.beginUpdate(stack, { definition, actor, onFailure: "ROLLBACK" });
      await deployments.settled(stack);
      if (stack.status !== "UPDATE_COMPLETE") throw new Error(notSuccessful(stack, "updated"));
      return outcome(stack);
    },

    async remove(request) {
      const stack = store.find(request.physicalId);
      if (stack === undefined) return;
      await settled(parts, stack);
      if (isDeleted(stack)) return;
      const { actor } = store.find(request.stackId)?.operation ?? {};
      deployments.beginDelete(stack, { retainResources: [], actor });
      await deployments.settled(stack);
      if (!isDeleted(stack)) throw new Error(notSuccessful(stack, "deleted"));
    },
  };
}

interface WantedDefinition {
  readonly definition: StackDefinition;
  readonly template: Template;
  /** The same as the parent's. */
  readonly actor: StackActor | undefined;
}

async function readDefinition(
  { store, readers, ssmValueFor }: CloudFormationParts,
  { stackId, properties, tags }: ResourceRequest,
): Promise<WantedDefinition> {
  const templateBody = await readers.objectText(requiredText(properties, "TemplateURL"));
  const template = parseNewTemplate(templateBody);
  refuseTransforms(template);
  const parent = store.get(stackId);
  const { capabilities } = parent.definition;
  const { actor } = parent.operation ?? {};
  refuseMissingCapabilities(template, capabilities);
  const given = Object.entries(textMap(objectIn(properties, "Parameters")));
  const parameters = resolveParameters(
    template,
    given.map(([key, value]) => ({ key, value, usePreviousValue: false })),
    [],
    ssmValueFor(actor),
  );
  const definition: StackDefinition = {
    templateBody,
    parameters,
    tags: Object.entries(tagsOf({ properties, tags })).map(([key, value]) => ({ key, value })),
    capabilities,
    notificationArns: textsIn(properties, "NotificationARNs"),
  };
  return { definition, template, actor };
}

/** Draws the changes without making them, which refuses what cannot be deployed before anything is made. */
function isWithoutChange(parts: CloudFormationParts, stack: Stack, wanted: WantedDefinition): boolean {
  const options = parts.evaluationOptions(wanted.template, wanted.definition, wanted.actor);
  return drawChanges(stack, options, parts).isEmpty;
}

/** After a restart the nested stack goes on from where it was, as its parent does: whichever comes first. */
async function settled({ deployments }: CloudFormationParts, stack: Stack): Promise<void> {
  if (!isInProgress(stack)) return;
  await turn();
  await deployments.settled(stack);
}

function refuseDepth({ store }: CloudFormationParts, parent: Stack): void {
  let depth = 1;
  for (let above: Stack | undefined = parent; above?.parentId !== undefined; depth += 1) {
    above = store.find(above.parentId);
  }
  if (depth > depthMax) throw validationError(`Stacks are nested deeper than ${depthMax}`);
}

function outcome(stack: Stack): ResourceOutcome {
  return { attributes: { Outputs: Object.fromEntries(stack.outputs.map(({ key, value }) => [key, value])) } };
}

/** With the first reason that is not a consequence of another. */
function notSuccessful(stack: Stack, verb: "created" | "updated" | "deleted"): string {
  const failed = stack.events.findLast(
    ({ logicalId, status, reason }) =>
      logicalId !== stack.name && status.endsWith("_FAILED") && reason !== undefined,
  );
  const reason = failed === undefined ? stack.statusReason : `${failed.logicalId}: ${failed.reason ?? ""}`;
  return `Embedded stack ${stack.id} was not successfully ${verb}. Currently in ${stack.status} with reason: ${reason ?? "none"}`;
}

function isDeleted(stack: Stack): boolean {
  return stack.status === "DELETE_COMPLETE";
}

function nameIn(stackArn: string): string {
  return stackArn.split("/")[1] ?? stackArn;
}
