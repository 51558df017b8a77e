/**
 * What a resource type can do, and what every one of them is handed.
 *
 * Always true
 * - `identify` is pure: the physical id is known, and on disk, before anything is made.
 * - `remove` of something that is not there succeeds: it may be called after a creation that did not get far.
 * - `create` of something that exists under the same physical id fails, unless the type says otherwise.
 * - `create` that fails has made nothing, unless the type says `isRemovedAfterFailure`.
 */

import type { Value, ValueObject } from "./template.ts";

export interface ResourceRequest {
  readonly stackName: string;
  readonly stackId: string;
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  readonly properties: ValueObject;
  /** The stack's tags, which CloudFormation puts on each resource that can carry tags. */
  readonly tags: Readonly<Record<string, string>>;
  /** Ends the wait when the endpoint stops. */
  readonly signal: AbortSignal;
  /** Tells whoever watches the stack what a step that takes long is doing: one event more. */
  notice(reason: string): void;
}

/** A creation that failed and left something behind, under an id that only its maker could know. */
export class FailedCreation extends Error {
  readonly physicalId: string | undefined;

  constructor(reason: string, physicalId: string | undefined) {
    super(reason);
    this.physicalId = physicalId;
  }
}

export interface ResourceOutcome {
  /** What `Fn::GetAtt` gives. Values below an attribute are found by a dotted name as well. */
  readonly attributes: ValueObject;
  /** Only for types whose physical id is someone else's to choose. */
  readonly physicalId?: string;
}

type MaybePromise<Result> = Result | Promise<Result>;

export interface ResourceType {
  /** A change of one of these properties makes a new resource and deletes the old one. */
  readonly replacedBy: readonly string[];
  /** The property that names the resource, where its user may choose the name. */
  readonly nameProperty?: string;
  /** Whether other APIs change it, as `cdk deploy --hotswap` does: then a deployment that reverts drift sets it back. */
  readonly mayDrift?: boolean;
  /** Whether a creation that failed may have left something behind, so that the rollback removes it like the rest. */
  readonly isRemovedAfterFailure?: boolean;
  /** Whether deletion leaves the thing behind, and why; becomes the reason in the event. */
  readonly keptOnDelete?: string;
  identify(request: Omit<ResourceRequest, "physicalId" | "signal" | "notice">): string;
  create(request: ResourceRequest): MaybePromise<ResourceOutcome>;
  update(
    request: ResourceRequest,
    previous: { readonly properties: ValueObject },
  ): MaybePromise<ResourceOutcome>;
  remove(request: ResourceRequest): MaybePromise<void>;
  /**
   * The properties as they are now, of those that can be told: what drift detection compares. A type without it is not
   * checked. Of a list to which others may add, such as tags and policies, the members that the template gives are told.
   *
   * @returns undefined when the thing is gone
   */
  actual?(resource: {
    readonly physicalId: string;
    readonly properties: ValueObject;
  }): ValueObject | undefined;
  /** Refuses what is wrong before the deployment begins. */
  check?(properties: ValueObject, logicalId: string): void;
}

/** What `Ref` gives unless it is the physical id: an attribute of this name. */
export const referenceAttribute = "Ref";

export function referenceOf(resource: {
  readonly physicalId: string;
  readonly attributes: ValueObject;
}): Value {
  return resource.attributes[referenceAttribute] ?? resource.physicalId;
}

/** An attribute by its dotted name. */
export function attributeOf(attributes: ValueObject, name: string): Value | undefined {
  if (Object.hasOwn(attributes, name)) return attributes[name];
  let value: Value | undefined = attributes;
  for (const part of name.split(".")) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, part))
      return undefined;
    value = value[part];
  }
  return value;
}
