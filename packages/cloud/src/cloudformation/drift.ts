/**
 * Drift: what a resource is, beside what its stack says of it.
 *
 * Only properties that the template sets are compared, as in CloudFormation, and of those the ones that the type can tell.
 *
 * Source: AWS CloudFormation User Guide, "Detect unmanaged configuration changes to stacks and resources with drift
 * detection".
 */

import { canonical } from "./intrinsics.ts";
import type { ResourceType } from "./resource-type.ts";
import type { StackResource } from "./stack.ts";
import { isObject, type Value, type ValueObject } from "./template.ts";

export interface PropertyDifference {
  /** `/Environment/Variables/NAME` */
  readonly path: string;
  readonly expected: Value | undefined;
  readonly actual: Value | undefined;
}

export interface ResourceDrift {
  readonly resource: StackResource;
  readonly status: "IN_SYNC" | "MODIFIED" | "DELETED" | "NOT_CHECKED";
  /** Those that were compared. */
  readonly expected: ValueObject;
  readonly actual: ValueObject;
  readonly differences: readonly PropertyDifference[];
}

export function driftOf(resource: StackResource, type: ResourceType): ResourceDrift {
  const nothing = { resource, expected: {}, actual: {}, differences: [] };
  if (type.actual === undefined) return { ...nothing, status: "NOT_CHECKED" };
  const told = type.actual(resource);
  if (told === undefined) return { ...nothing, status: "DELETED", expected: resource.properties };
  const names = Object.keys(resource.properties).filter((name) => Object.hasOwn(told, name));
  const expected = pick(resource.properties, names);
  const actual = pick(told, names);
  const differences = differencesOf(expected, actual, "");
  return {
    resource,
    status: differences.length === 0 ? "IN_SYNC" : "MODIFIED",
    expected,
    actual,
    differences,
  };
}

function pick(properties: ValueObject, names: readonly string[]): ValueObject {
  return Object.fromEntries(names.map((name) => [name, properties[name] ?? null]));
}

function differencesOf(expected: ValueObject, actual: ValueObject, path: string): PropertyDifference[] {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...names].flatMap((name) => {
    const [left, right] = [expected[name], actual[name]];
    const inner = [membersOf(left), membersOf(right)] as const;
    if (inner[0] && inner[1]) return differencesOf(inner[0], inner[1], `${path}/${name}`);
    if (canonical(left ?? null) === canonical(right ?? null)) return [];
    return [{ path: `${path}/${name}`, expected: left, actual: right }];
  });
}

/** Members of a list go by their place: `/Policies/0/PolicyName`. */
function membersOf(value: Value | undefined): ValueObject | undefined {
  if (Array.isArray(value)) return Object.fromEntries(value.map((member, place) => [String(place), member]));
  return isObject(value) ? value : undefined;
}
