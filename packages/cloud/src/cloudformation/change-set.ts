/**
 * What a new definition would change in a stack, without changing anything.
 *
 * A value that is known only once another resource is made stands as a mark, which differs from whatever was
 * there: as in CloudFormation, what depends on a replaced resource counts as modified.
 */

import { canonical } from "./intrinsics.ts";
import { validationError } from "../protocol/index.ts";
import { ServiceError } from "../service.ts";
import { Evaluation, knownAfterApply, type EvaluationOptions, type Referable } from "./evaluation.ts";
import { reasonOf } from "./resource-steps.ts";
import type { ResourceType } from "./resource-type.ts";
import type { ResourceTypeFinder } from "./resource-type-finder.ts";
import type { ResourceChange, Stack, StackDefinition } from "./stack.ts";
import type { ValueObject } from "./template.ts";

export interface DrawnChanges {
  readonly changes: readonly ResourceChange[];
  /** Whether anything at all differs: outputs and tags count too, though they are not resource changes. */
  readonly isEmpty: boolean;
}

export function drawChanges(
  stack: Stack,
  options: Omit<EvaluationOptions, "resource" | "stackName" | "stackId">,
  types: ResourceTypeFinder,
): DrawnChanges {
  const planned = new Map<string, Referable>();
  const evaluation = new Evaluation({
    ...options,
    stackName: stack.name,
    stackId: stack.id,
    resource: (logicalId) => planned.get(logicalId),
  });
  evaluation.checkRules();
  const graph = evaluation.dependencies();
  types.refuseUnknownTypes([...graph.keys()].map((id) => evaluation.template.resources[id]?.type ?? ""));
  const changes: ResourceChange[] = [];
  for (const logicalId of topologically(graph)) {
    const change = changeOf(stack, evaluation, logicalId, types.typeOf);
    const current = stack.resources[logicalId];
    const isNew = current === undefined || change?.replacement === "True";
    planned.set(logicalId, isNew ? { physicalId: knownAfterApply, attributes: {} } : current);
    if (change !== undefined) changes.push(change);
  }
  for (const current of Object.values(stack.resources)) {
    if (!graph.has(current.logicalId)) changes.push(removal(current));
  }
  evaluation.outputs();
  return {
    changes,
    isEmpty: changes.length === 0 && !differsOtherwise(stack, options.definition, evaluation),
  };
}

function topologically(graph: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (logicalId: string): void => {
    if (seen.has(logicalId)) return;
    seen.add(logicalId);
    for (const need of graph.get(logicalId) ?? []) visit(need);
    order.push(logicalId);
  };
  for (const logicalId of graph.keys()) visit(logicalId);
  return order;
}

function changeOf(
  stack: Stack,
  evaluation: Evaluation,
  logicalId: string,
  typeOf: (type: string) => ResourceType,
): ResourceChange | undefined {
  const declaration = evaluation.template.resources[logicalId];
  const type = declaration?.type ?? "";
  const handler = typeOf(type);
  const properties = evaluation.properties(logicalId);
  checkProperties(handler, properties, logicalId);
  const policies = evaluation.policies(logicalId);
  const current = stack.resources[logicalId];
  if (current === undefined || current.status === "CREATE_FAILED") {
    return { action: "Add", logicalId, type, changedProperties: [] };
  }
  const changedProperties = differing(current.properties, properties);
  const isReplaced =
    current.type !== type || changedProperties.some((name) => handler.replacedBy.includes(name));
  const metadataDiffers = canonical(current.metadata ?? null) !== canonical(declaration?.metadata ?? null);
  const policyDiffers =
    current.deletionPolicy !== policies.deletionPolicy ||
    current.updateReplacePolicy !== policies.updateReplacePolicy;
  const isSetAgain =
    current.status === "UPDATE_FAILED" || (evaluation.revertsDrift && handler.mayDrift === true);
  if (!isReplaced && changedProperties.length === 0 && !metadataDiffers && !policyDiffers && !isSetAgain)
    return undefined;
  return {
    action: "Modify",
    logicalId,
    physicalId: current.physicalId,
    type,
    replacement: isReplaced ? "True" : "False",
    changedProperties,
  };
}

/** A type's refusal is the caller's to mend: a plain error becomes one that the API answers with. */
function checkProperties(handler: ResourceType, properties: ValueObject, logicalId: string): void {
  try {
    handler.check?.(properties, logicalId);
  } catch (error) {
    throw error instanceof ServiceError ? error : validationError(reasonOf(error));
  }
}

function removal(current: { logicalId: string; physicalId: string; type: string }): ResourceChange {
  const { logicalId, physicalId, type } = current;
  return { action: "Remove", logicalId, physicalId, type, changedProperties: [] };
}

function differing(left: ValueObject, right: ValueObject): readonly string[] {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].filter((name) => canonical(left[name] ?? null) !== canonical(right[name] ?? null));
}

function differsOtherwise(stack: Stack, definition: StackDefinition, evaluation: Evaluation): boolean {
  const text = (value: unknown): string => JSON.stringify(value);
  return (
    text(stack.outputs) !== text(evaluation.outputs()) ||
    text(stack.definition.tags) !== text(definition.tags)
  );
}
