/** The CloudFormation API about drift. A detection is over when it is answered; it is remembered until the next start. */

import { randomUUID } from "node:crypto";

import {
  members,
  paginate,
  type QueryInput,
  type QueryOperation,
  validationError,
  type XmlValue,
} from "../../protocol/index.ts";
import { iso } from "./describe.ts";
import { driftOf, type PropertyDifference, type ResourceDrift } from "../drift.ts";
import type { CloudFormationParts } from "./parts.ts";
import { readStackName } from "./requests.ts";
import type { Stack } from "../stack.ts";
import type { Value } from "../template.ts";

const driftsPerPage = 100;

/** The last one of a stack. */
interface Detection {
  readonly id: string;
  readonly stackId: string;
  readonly atMs: number;
  readonly drifts: readonly ResourceDrift[];
}

export function driftOperations({ store, typeOf }: CloudFormationParts): Record<string, QueryOperation> {
  /** By stack: no more than there are stacks. */
  const detections = new Map<string, Detection>();

  const detect = (stack: Stack, logicalIds: readonly string[]): Detection => {
    const resources = Object.values(stack.resources).filter(
      ({ logicalId }) => logicalIds.length === 0 || logicalIds.includes(logicalId),
    );
    const drifts = resources.map((resource) => driftOf(resource, typeOf(resource.type)));
    return { id: randomUUID(), stackId: stack.id, atMs: Date.now(), drifts };
  };

  return {
    DetectStackDrift(input) {
      const stack = store.get(readStackName(input));
      refuseUnlessSettled(stack);
      const detection = detect(stack, input.texts("LogicalResourceIds"));
      detections.set(stack.id, detection);
      return { StackDriftDetectionId: detection.id };
    },

    DescribeStackDriftDetectionStatus(input) {
      const id = input.required("StackDriftDetectionId");
      const detection = [...detections.values()].find((candidate) => candidate.id === id);
      if (detection === undefined) throw validationError(`DriftDetectionId ${id} does not exist`);
      const drifted = detection.drifts.filter(({ status }) => status === "MODIFIED" || status === "DELETED");
      return {
        StackId: detection.stackId,
        StackDriftDetectionId: id,
        StackDriftStatus: drifted.length === 0 ? "IN_SYNC" : "DRIFTED",
        DetectionStatus: "DETECTION_COMPLETE",
        DriftedStackResourceCount: drifted.length,
        Timestamp: iso(detection.atMs),
      };
    },

    DescribeStackResourceDrifts(input) {
      const stack = store.get(readStackName(input));
      const detection = detections.get(stack.id);
      if (detection === undefined)
        throw validationError(`Drift detection was not run for stack ${stack.name}`);
      const drifts = detection.drifts.filter(({ status }) => isWanted(input, status));
      const page = paginate(drifts, input.text("NextToken"), driftsPerPage);
      return {
        StackResourceDrifts: members(page.items.map((drift) => describeDrift(detection, drift))),
        NextToken: page.nextToken,
      };
    },

    DetectStackResourceDrift(input) {
      const stack = store.get(readStackName(input));
      const logicalId = input.required("LogicalResourceId");
      const detection = detect(stack, [logicalId]);
      const [drift] = detection.drifts;
      if (drift === undefined)
        throw validationError(`Resource ${logicalId} does not exist for stack ${stack.name}`);
      return { StackResourceDrift: describeDrift(detection, drift) };
    },
  };
}

function refuseUnlessSettled({ id, status }: Stack): void {
  if (/^(CREATE|UPDATE|UPDATE_ROLLBACK)_(COMPLETE|FAILED)$/.test(status)) return;
  throw validationError(`Drift detection cannot be performed on stack ${id} in ${status} state.`);
}

function isWanted(input: QueryInput, status: string): boolean {
  const filters = input.texts("StackResourceDriftStatusFilters");
  return filters.length === 0 || filters.includes(status);
}

function describeDrift({ stackId, atMs }: Detection, drift: ResourceDrift): XmlValue {
  const { logicalId, physicalId, type } = drift.resource;
  return {
    StackId: stackId,
    LogicalResourceId: logicalId,
    PhysicalResourceId: physicalId,
    ResourceType: type,
    ExpectedProperties: JSON.stringify(drift.expected),
    ActualProperties: drift.status === "DELETED" ? undefined : JSON.stringify(drift.actual),
    PropertyDifferences: members(drift.differences.map(describeDifference)),
    StackResourceDriftStatus: drift.status,
    Timestamp: iso(atMs),
  };
}

function describeDifference({ path, expected, actual }: PropertyDifference): XmlValue {
  const isAdded = expected === undefined;
  return {
    PropertyPath: path,
    ExpectedValue: shown(expected),
    ActualValue: shown(actual),
    DifferenceType: isAdded ? "ADD" : actual === undefined ? "REMOVE" : "NOT_EQUAL",
  };
}

function shown(value: Value | undefined): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value ?? "null");
}
