/**
 * One resource of one stack: made, changed, removed, each with the events and the record that go with it.
 *
 * Always true
 * - The record is on disk before the step begins and after it ends.
 * - A step answers whether it succeeded; it throws only `Interrupted`, when the endpoint stops in the middle.
 */

import { canonical } from "./intrinsics.ts";
import type { Evaluation } from "./evaluation.ts";
import { FailedCreation, type ResourceRequest, type ResourceType } from "./resource-type.ts";
import type { Stack, StackDefinition, StackResource } from "./stack.ts";
import { nothing, type Admission, type ResourceChange } from "./resource-permissions/index.ts";
import { allTagsOf } from "./properties.ts";
import type { StackStore } from "./stack-store.ts";

/** The endpoint stops: what is under way is finished or undone at the next start. */
export class Interrupted extends Error {}

/** A failure's words: an AWS error with its code, as CloudFormation shows them. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? ` (Error Code: ${error.code})` : "";
  return `${error.message}${code}`;
}

export class ResourceSteps {
  readonly #store: StackStore;
  readonly #typeOf: (type: string) => ResourceType;
  readonly #admission: Admission;
  readonly #signal: AbortSignal;

  constructor(options: {
    store: StackStore;
    typeOf: (type: string) => ResourceType;
    admission: Admission;
    signal: AbortSignal;
  }) {
    this.#store = options.store;
    this.#typeOf = options.typeOf;
    this.#admission = options.admission;
    this.#signal = options.signal;
  }

  /** Makes a resource that the stack does not have, or the successor of one that must be replaced. */
  async create(
    stack: Stack,
    evaluation: Evaluation,
    logicalId: string,
    needs: readonly string[],
    verb: "CREATE" | "UPDATE",
  ): Promise<boolean> {
    this.#refuseWhileStopping();
    const predecessor = stack.resources[logicalId];
    let draft: StackResource | undefined;
    try {
      draft = this.#draft(stack, evaluation, logicalId, needs);
      // Refused before it is recorded: there is nothing that a rollback would have to remove.
      this.#admit(stack, "create", undefined, draft);
      this.#record(stack, { ...draft, status: `${verb}_IN_PROGRESS` });
      this.#event(stack, draft, `${verb}_IN_PROGRESS`, verb === "UPDATE" ? replacementReason : undefined);
      const outcome = await this.#typeOf(draft.type).create(
        this.#request(stack, draft, `${verb}_IN_PROGRESS`),
      );
      const made = {
        ...draft,
        attributes: outcome.attributes,
        physicalId: outcome.physicalId ?? draft.physicalId,
        status: `${verb}_COMPLETE`,
      };
      this.#record(stack, made);
      this.#event(stack, made, `${verb}_COMPLETE`);
      return true;
    } catch (error) {
      if (draft !== undefined && error instanceof FailedCreation && error.physicalId !== undefined) {
        draft = { ...draft, physicalId: error.physicalId };
        this.#record(stack, { ...draft, status: `${verb}_FAILED` });
      }
      const succeeded = this.#failed(
        stack,
        draft ?? this.#blank(evaluation, logicalId),
        `${verb}_FAILED`,
        error,
      );
      // Nothing was made, so what the stack has is still the one that was to be replaced.
      if (predecessor !== undefined) {
        this.#record(stack, { ...predecessor, status: `${verb}_FAILED`, statusReason: reasonOf(error) });
      }
      return succeeded;
    }
  }

  /** Changes a resource in place. `target` is its record as it shall be. */
  async update(stack: Stack, current: StackResource, target: StackResource): Promise<boolean> {
    this.#refuseWhileStopping();
    try {
      this.#record(stack, { ...target, status: "UPDATE_IN_PROGRESS" });
      this.#event(stack, target, "UPDATE_IN_PROGRESS");
      this.#admit(stack, "update", current, target);
      const outcome = await this.#typeOf(target.type).update(
        this.#request(stack, target, "UPDATE_IN_PROGRESS"),
        { properties: current.properties },
      );
      const physicalId = outcome.physicalId ?? target.physicalId;
      const changed = { ...target, physicalId, attributes: outcome.attributes, status: "UPDATE_COMPLETE" };
      this.#record(stack, changed);
      this.#event(stack, changed, "UPDATE_COMPLETE");
      return true;
    } catch (error) {
      return this.#failed(stack, target, "UPDATE_FAILED", error);
    }
  }

  /** Removes a resource, unless its policy keeps it. */
  async remove(stack: Stack, resource: StackResource, policy: string): Promise<boolean> {
    this.#refuseWhileStopping();
    try {
      // Made anew it would go with a creation that fails; once it is there it is kept.
      if (policy === "Retain" || policy === "RetainExceptOnCreate") {
        this.#event(stack, resource, "DELETE_SKIPPED");
        return true;
      }
      this.#event(stack, resource, "DELETE_IN_PROGRESS");
      this.#admit(stack, "delete", resource, undefined);
      const type = this.#typeOf(resource.type);
      await type.remove(this.#request(stack, resource, "DELETE_IN_PROGRESS"));
      this.#event(stack, resource, "DELETE_COMPLETE", type.keptOnDelete);
      return true;
    } catch (error) {
      return this.#failed(stack, resource, "DELETE_FAILED", error);
    }
  }

  /** The record of a resource as the template wants it, with every function evaluated. */
  target(evaluation: Evaluation, current: StackResource, needs: readonly string[]): StackResource {
    const declaration = evaluation.template.resources[current.logicalId];
    return {
      ...current,
      properties: evaluation.properties(current.logicalId),
      needs,
      ...evaluation.policies(current.logicalId),
      ...(declaration?.metadata === undefined ? {} : { metadata: declaration.metadata }),
    };
  }

  /** What has to be done to turn `current` into `target`. */
  difference(current: StackResource, target: StackResource): "none" | "inPlace" | "replacement" {
    if (current.type !== target.type) return "replacement";
    if (canonical(current.properties) === canonical(target.properties)) return "none";
    const changed = (name: string): boolean =>
      canonical(current.properties[name] ?? null) !== canonical(target.properties[name] ?? null);
    return this.#typeOf(target.type).replacedBy.some(changed) ? "replacement" : "inPlace";
  }

  /** @throws {ServiceError} AccessDenied: in whose name the stack is worked on may not do that */
  #admit(
    stack: Stack,
    step: ResourceChange["step"],
    before: StackResource | undefined,
    after: StackResource | undefined,
  ): void {
    const { type = "", physicalId = "" } = after ?? before ?? {};
    const { actor, previous } = stack.operation ?? {};
    this.#admission.change(actor, type, {
      step,
      physicalId,
      before: before === undefined ? nothing : stateOf(before, previous?.definition ?? stack.definition),
      after: after === undefined ? nothing : stateOf(after, stack.definition),
    });
  }

  #draft(stack: Stack, evaluation: Evaluation, logicalId: string, needs: readonly string[]): StackResource {
    const blank = this.#blank(evaluation, logicalId, evaluation.policies(logicalId));
    const drafted = { ...blank, needs, properties: evaluation.properties(logicalId) };
    const type = this.#typeOf(drafted.type);
    const physicalId = type.identify(this.#request(stack, drafted, ""));
    const previous = stack.resources[logicalId];
    if (
      previous !== undefined &&
      previous.type === drafted.type &&
      previous.physicalId === physicalId &&
      type.nameProperty !== undefined
    ) {
      throw new Error(
        `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${physicalId} and update the stack again.`,
      );
    }
    return { ...drafted, physicalId };
  }

  #blank(
    evaluation: Evaluation,
    logicalId: string,
    policies = { deletionPolicy: "Delete", updateReplacePolicy: "Delete" },
  ): StackResource {
    const declaration = evaluation.template.resources[logicalId];
    return {
      logicalId,
      type: declaration?.type ?? "",
      physicalId: "",
      status: "",
      properties: {},
      attributes: {},
      needs: [],
      ...policies,
      ...(declaration?.metadata === undefined ? {} : { metadata: declaration.metadata }),
      updatedAtMs: Date.now(),
    };
  }

  #request(stack: Stack, resource: StackResource, status: string): ResourceRequest {
    return {
      stackName: stack.name,
      stackId: stack.id,
      logicalId: resource.logicalId,
      type: resource.type,
      physicalId: resource.physicalId,
      properties: resource.properties,
      tags: Object.fromEntries(stack.definition.tags.map((tag) => [tag.key, tag.value])),
      signal: this.#signal,
      notice: (reason) => {
        this.#event(stack, resource, status, reason);
      },
    };
  }

  /** Nothing new begins once the endpoint stops; the next start goes on from what is on disk. */
  #refuseWhileStopping(): void {
    if (this.#signal.aborted) throw new Interrupted();
  }

  #failed(stack: Stack, resource: StackResource, status: string, error: unknown): boolean {
    if (this.#signal.aborted) throw new Interrupted();
    const reason = reasonOf(error);
    // A creation that failed before it was recorded has nothing to record; the others keep what is known of them.
    if (stack.resources[resource.logicalId]?.physicalId === resource.physicalId) {
      this.#record(stack, { ...resource, status, statusReason: reason });
    }
    this.#event(stack, resource, status, reason);
    return false;
  }

  #record(stack: Stack, resource: StackResource): void {
    stack.resources[resource.logicalId] = { ...resource, updatedAtMs: Date.now() };
    this.#store.save(stack);
  }

  #event(stack: Stack, resource: StackResource, status: string, reason?: string): void {
    const token = stack.operation?.clientRequestToken;
    this.#store.addEvent(stack, {
      logicalId: resource.logicalId,
      physicalId: resource.physicalId,
      type: resource.type,
      status,
      properties: resource.properties,
      ...(reason === undefined ? {} : { reason }),
      ...(token === undefined ? {} : { clientRequestToken: token }),
    });
    this.#store.save(stack);
  }
}

function stateOf({ properties }: StackResource, definition: StackDefinition): ResourceChange["before"] {
  const stackTags = Object.fromEntries(definition.tags.map(({ key, value }) => [key, value]));
  return { properties, tags: allTagsOf({ properties, tags: stackTags }) };
}

const replacementReason =
  "Requested update requires the creation of a new physical resource; hence creating one.";
