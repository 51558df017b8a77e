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
    if (isObject(left) && isObject(right)) return differencesOf(left, right, `${path}/${name}`);
    if (canonical(left ?? null) === canonical(right ?? null)) return [];
    return [{ path: `${path}/${name}`, expected: left, actual: right }];
  });
}
