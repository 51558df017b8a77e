/** Reads a resource's properties, which arrive evaluated but not typed. */

import { ServiceError } from "../service.ts";
import { scalarText, isObject, type Value, type ValueObject } from "./template.ts";
import type { ResourceRequest } from "./resource-type.ts";

/** @throws {Error} the property is missing: in the words CloudFormation has for it */
export function requiredText(properties: ValueObject, name: string): string {
  const value = optionalText(properties, name);
  if (value === undefined)
    throw new Error(`Properties validation failed: #: required key [${name}] not found`);
  return value;
}

/** @throws {Error} a property that the type does not have, in the words CloudFormation has for it */
export function refuseUnknown(
  properties: ValueObject,
  known: readonly string[],
  { logicalId, path = "#" }: { logicalId: string; path?: string },
): void {
  const unknown = Object.keys(properties).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new Error(
    `Properties validation failed for resource ${logicalId} with message:\n${path}: extraneous key [${unknown}] is not permitted. It has: ${known.join(", ")}.`,
  );
}

export function optionalText(properties: ValueObject, name: string): string | undefined {
  return scalarText(properties[name]);
}

export function optionalNumber(properties: ValueObject, name: string): number | undefined {
  const text = optionalText(properties, name);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isNaN(number))
    throw new Error(`Properties validation failed: #/${name}: expected a number, found ${text}`);
  return number;
}

export function optionalFlag(properties: ValueObject, name: string): boolean | undefined {
  const text = optionalText(properties, name);
  if (text === undefined) return undefined;
  if (text === "true" || text === "false") return text === "true";
  throw new Error(`Properties validation failed: #/${name}: expected true or false, found ${text}`);
}

export function objectIn(properties: ValueObject, name: string): ValueObject | undefined {
  const value = properties[name];
  return isObject(value) ? value : undefined;
}

export function listIn(properties: ValueObject, name: string): readonly Value[] {
  const value = properties[name];
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

export function textsIn(properties: ValueObject, name: string): readonly string[] {
  return listIn(properties, name).map((item) => scalarText(item) ?? "");
}

/** An object whose values are texts: environment variables, tags of SSM. */
export function textMap(value: ValueObject | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([key, inner]) => [key, scalarText(inner) ?? ""]),
  );
}

/** The stack's tags together with the resource's own, `[{Key, Value}]`, which win. */
export function tagsOf(request: Pick<ResourceRequest, "properties" | "tags">): Record<string, string> {
  const tags: Record<string, string> = { ...request.tags };
  for (const tag of listIn(request.properties, "Tags")) {
    if (isObject(tag)) tags[scalarText(tag["Key"]) ?? ""] = scalarText(tag["Value"]) ?? "";
  }
  return tags;
}

/** The same of a type of resource of which nobody knows whether it has its own tags in a list or in an object. */
export function allTagsOf(request: Pick<ResourceRequest, "properties" | "tags">): Record<string, string> {
  return { ...tagsOf(request), ...textMap(objectIn(request.properties, "Tags")) };
}

/** Of the tags that the template gives the resource itself, those that it has now; the stack's are not told apart here. */
export function tagsNow(properties: ValueObject, tags: Readonly<Record<string, string>>): Value {
  return listIn(properties, "Tags").flatMap((tag) => {
    const Key = isObject(tag) ? (scalarText(tag["Key"]) ?? "") : "";
    const Value = tags[Key];
    return Value === undefined ? [] : [{ Key, Value }];
  });
}

/** What is asked for, or undefined when the thing has gone. */
export function unlessMissing<Found>(find: () => Found): Found | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof ServiceError && error.code === "ResourceNotFoundException") return undefined;
    throw error;
  }
}

/** What a removal does when the thing has gone already: nothing. */
export async function unlessGone(remove: () => Promise<unknown> | void): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== "ResourceNotFoundException") throw error;
  }
}
