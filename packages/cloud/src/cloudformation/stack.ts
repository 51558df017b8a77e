/**
 * What CloudFormation remembers of a stack. Plain data, written to disk as it is.
 *
 * Always true
 * - `resources` holds every resource that exists or may exist: one whose creation is under way is in it already, with
 *   its physical id, so that a stop in between leaves nothing that nobody knows of.
 * - While `operation` is set the status ends in `_IN_PROGRESS`; `operation` has all that is needed to finish or undo.
 */

import type { Value, ValueObject } from "./template.ts";

export interface StackParameter {
  readonly key: string;
  readonly value: string;
  /** What a parameter of an SSM type stood for when the operation began. */
  readonly resolvedValue?: string;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface StackOutput {
  readonly key: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  readonly status: string;
  readonly statusReason?: string;
  /** With every function evaluated. */
  readonly properties: ValueObject;
  readonly attributes: ValueObject;
  /** Logical ids: whoever is in here is deleted after this one. */
  readonly needs: readonly string[];
  readonly deletionPolicy: string;
  readonly updateReplacePolicy: string;
  readonly metadata?: Value;
  readonly updatedAtMs: number;
}

export interface StackEvent {
  readonly eventId: string;
  readonly atMs: number;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly properties?: ValueObject;
  readonly clientRequestToken?: string;
}

/** What a deployment aims at: the template with everything that can change its meaning. */
export interface StackDefinition {
  readonly templateBody: string;
  readonly parameters: readonly StackParameter[];
  readonly tags: readonly Tag[];
  readonly capabilities: readonly string[];
  readonly roleArn?: string;
  readonly notificationArns: readonly string[];
  /** Resources that may have been changed past the stack are set back, though the template says nothing new of them. */
  readonly revertsDrift?: boolean;
}

export interface ResourceChange {
  readonly action: "Add" | "Modify" | "Remove";
  readonly logicalId: string;
  readonly physicalId?: string;
  readonly type: string;
  readonly replacement?: "True" | "False" | "Conditional";
  readonly changedProperties: readonly string[];
}

export interface ChangeSet {
  readonly name: string;
  readonly id: string;
  readonly type: "CREATE" | "UPDATE";
  readonly description?: string;
  readonly createdAtMs: number;
  readonly status: "CREATE_COMPLETE" | "FAILED";
  readonly statusReason?: string;
  readonly executionStatus: string;
  readonly definition: StackDefinition;
  readonly changes: readonly ResourceChange[];
  readonly onStackFailure: FailureAction;
}

/** What follows a failed creation or update. */
export type FailureAction = "ROLLBACK" | "DELETE" | "DO_NOTHING";

/** In whose name an operation makes, changes and removes resources: the stack's role, or who asked for it. */
export interface StackActor {
  readonly principalArn: string;
  /** As a refusal names it. */
  readonly callerArn: string;
}

/** The values of SSM parameters as somebody may read them; undefined is one that is not there. */
export type SsmReader = (actor: StackActor | undefined) => (selector: string) => string | undefined;

/** An operation under way, enough to go on after a stop. */
export interface Operation {
  readonly kind: "create" | "update" | "delete" | "rollback" | "cleanup";
  readonly onFailure: FailureAction;
  readonly clientRequestToken?: string;
  /** Absent where nobody asked: what the endpoint makes for itself. */
  readonly actor?: StackActor;
  readonly retainResources?: readonly string[];
  /** The stack as it was before an update: what a rollback goes back to. */
  readonly previous?: {
    readonly definition: StackDefinition;
    readonly resources: readonly StackResource[];
    readonly outputs: readonly StackOutput[];
  };
  /** Old resources that were replaced or left the template, deleted once the update has succeeded (or undone). */
  readonly obsolete: readonly StackResource[];
}

export interface Stack {
  readonly name: string;
  readonly id: string;
  /** Of a nested stack: the stack it is a resource of, and the one at the top. */
  readonly parentId?: string;
  readonly rootId?: string;
  status: string;
  statusReason?: string | undefined;
  readonly createdAtMs: number;
  updatedAtMs?: number;
  deletedAtMs?: number;
  definition: StackDefinition;
  description?: string | undefined;
  terminationProtection: boolean;
  disableRollback: boolean;
  outputs: readonly StackOutput[];
  resources: Record<string, StackResource>;
  /** Oldest first; at `eventsMax` the oldest are dropped. */
  events: StackEvent[];
  changeSets: Record<string, ChangeSet>;
  /** Names of other stacks' exports that this one reads. */
  imports?: readonly string[];
  operation?: Operation | undefined;
  /** One that failed and was told not to roll back: what RollbackStack goes on with. */
  failedOperation?: Operation | undefined;
}

/** Events kept per stack. */
export const eventsMax = 5_000;

/** Change sets kept per stack; CloudFormation's quota is the same. */
export const changeSetsMax = 1_000;

export const isInProgress = (stack: Stack): boolean =>
  stack.status.endsWith("_IN_PROGRESS") && stack.status !== "REVIEW_IN_PROGRESS";
