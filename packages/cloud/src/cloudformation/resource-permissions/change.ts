/**
 * A change of one resource as the table of permissions sees it, and how an entry of that table asks for what an operation of the
 * endpoint needs.
 *
 * Properties are read by the same functions by which the resource types read them: what one of them takes for a list of one, the
 * other must not take for none.
 */

import { isDeepStrictEqual } from "node:util";

import type { About, Permission, PermissionTable } from "../../authorization.ts";
import {
  type CloudFormationFacts,
  type DsqlInput,
  type IamFacts,
  type LambdaFacts,
  type LambdaInput,
  permissionTable,
} from "../../permissions/index.ts";
import { type JsonObject, optionalText, QueryInput } from "../../protocol/index.ts";
import type { Value, ValueObject } from "../values.ts";

export type ResourceStep = "create" | "update" | "delete";

/** A resource as it is before or after a step. Nothing is before a creation, and nothing after a deletion. */
interface ResourceState {
  readonly properties: ValueObject;
  /** Its own and the stack's. */
  readonly tags: Readonly<Record<string, string>>;
}

export interface ResourceChange {
  readonly step: ResourceStep;
  /** A name or an ARN. */
  readonly physicalId: string;
  readonly before: ResourceState;
  readonly after: ResourceState;
}

export const nothing: ResourceState = { properties: {}, tags: {} };

/** What the table needs to know of the services. */
export interface ResourceFacts extends IamFacts, LambdaFacts, CloudFormationFacts {
  /** ARNs of the roles that have a managed policy of the account's own. */
  readonly rolesWith: (policyArn: string) => readonly string[];
}

export type ResourceAbout = About & ResourceFacts;

/** What a step needs; all of it, or the step is refused. */
export type ResourceNeeds = (change: ResourceChange, about: ResourceAbout) => readonly Permission[];

/** The properties that say which resource it is. */
export function present({ step, before, after }: ResourceChange): ValueObject {
  return (step === "delete" ? before : after).properties;
}

export function differs({ before, after }: ResourceChange, name: string): boolean {
  return !isDeepStrictEqual(before.properties[name], after.properties[name]);
}

export function hasProperty(properties: ValueObject, name: string): boolean {
  const value: Value | undefined = properties[name];
  return value !== undefined && value !== null;
}

/** Whether tags come or change. */
export function tagsAreSet({ before, after }: ResourceChange): boolean {
  return Object.entries(after.tags).some(([key, value]) => before.tags[key] !== value);
}

export function droppedTags({ before, after }: ResourceChange): readonly string[] {
  return Object.keys(before.tags).filter((key) => !Object.hasOwn(after.tags, key));
}

/** The same as Lambda's and the control plane's requests have them. */
export function droppedTagsQuery(change: ResourceChange): URLSearchParams {
  return new URLSearchParams(droppedTags(change).map((key): [string, string] => ["tagKeys", key]));
}

function needsOf<Input, Facts>(
  table: PermissionTable<Input, Facts>,
  operation: string,
  input: Input,
  about: About & Facts,
): readonly Permission[] {
  const needs = table[operation];
  if (needs === undefined) throw new Error(`the table of permissions lacks ${operation}`);
  return needs(input, about);
}

/** An operation of a service of the query protocol, as if it had been sent. */
export function queryNeeds(
  service: "cloudformation" | "iam",
  operation: string,
  members: Readonly<Record<string, string | undefined>>,
  about: ResourceAbout,
): readonly Permission[] {
  const given = Object.entries(members).filter(
    (member): member is [string, string] => member[1] !== undefined,
  );
  return needsOf(permissionTable[service], operation, new QueryInput(new URLSearchParams(given)), about);
}

/** Tags as the members of such an operation. */
export function tagMembers(tags: Readonly<Record<string, string>>): Record<string, string> {
  const members: Record<string, string> = {};
  for (const [at, [key, value]] of Object.entries(tags).entries()) {
    members[`Tags.member.${at + 1}.Key`] = key;
    members[`Tags.member.${at + 1}.Value`] = value;
  }
  return members;
}

export function tagPairs(tags: Readonly<Record<string, string>>): readonly JsonObject[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** An operation of a service that speaks JSON, as if it had been sent. */
export function jsonNeeds(
  service: "ecr" | "ssm",
  operation: string,
  input: JsonObject,
  about: ResourceAbout,
): readonly Permission[] {
  return needsOf(permissionTable[service], operation, input, about);
}

export function logsNeeds(operation: string, input: JsonObject, about: ResourceAbout): readonly Permission[] {
  const groupName = (): string | undefined => optionalText(input, "logGroupName");
  return needsOf(permissionTable.logs, operation, input, { ...about, groupName });
}

export function dsqlNeeds(
  operation: string,
  input: Partial<DsqlInput>,
  about: ResourceAbout,
): readonly Permission[] {
  const whole = { input: {}, name: "", innerName: "", query: new URLSearchParams(), ...input };
  return needsOf(permissionTable.dsql, operation, whole, about);
}

export function lambdaNeeds(
  operation: string,
  { body = {}, ...named }: Partial<Omit<LambdaInput, "body">> & { readonly body?: JsonObject },
  about: ResourceAbout,
): readonly Permission[] {
  const whole = { functionName: "", qualifier: undefined, query: new URLSearchParams(), ...named };
  return needsOf(permissionTable.lambda, operation, { ...whole, body: () => body }, about);
}
