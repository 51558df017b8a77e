/**
 * The provisioning engine: takes a stack from what it is to what its template says, or back.
 *
 *   create   CREATE_IN_PROGRESS → CREATE_COMPLETE
 *            or ROLLBACK_IN_PROGRESS → ROLLBACK_COMPLETE: everything made is deleted again
 *   update   UPDATE_IN_PROGRESS → UPDATE_COMPLETE_CLEANUP_IN_PROGRESS (replaced and dropped resources go) → UPDATE_COMPLETE
 *            or UPDATE_ROLLBACK_IN_PROGRESS → UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS → UPDATE_ROLLBACK_COMPLETE
 *   delete   DELETE_IN_PROGRESS → DELETE_COMPLETE, or DELETE_FAILED with what could not go
 *
 * Always true
 * - One operation per stack at a time; `begin…` returns once it is under way and on disk.
 * - An operation cut short by a stop is undone (create, update) or finished (the rest) at the next start.
 * - The reason of the first failed resource is in its event; the stack's reason names the resource.
 */

import { setTimeout as delay } from "node:timers/promises";

import { validationError } from "../protocol/index.ts";
import { Interrupted, reasonOf } from "./resource-steps.ts";
import {
  isInProgress,
  type FailureAction,
  type Operation,
  type Stack,
  type StackActor,
  type StackDefinition,
} from "./stack.ts";
import { StackWork, type StackWorkOptions } from "./stack-work.ts";
import { parseTemplate } from "./template.ts";

export interface BeginOptions {
  readonly definition: StackDefinition;
  readonly onFailure: FailureAction;
  readonly clientRequestToken?: string | undefined;
  readonly actor?: StackActor | undefined;
}

/** Longer than the tutorial's stack takes, shorter than a caller would wonder. */
const headStartMs = 2_000;

export class Deployments {
  readonly #options: StackWorkOptions;
  readonly #work: StackWork;
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, Promise<void>>();

  constructor(options: StackWorkOptions) {
    this.#options = options;
    this.#work = new StackWork(options, this.#stopping.signal);
  }

  beginCreate(stack: Stack, options: BeginOptions): void {
    refuseWhileBusy(stack, "created");
    this.#begin(
      stack,
      "CREATE_IN_PROGRESS",
      { kind: "create", ...startOf(options), obsolete: [] },
      options.definition,
    );
  }

  beginUpdate(stack: Stack, options: BeginOptions): void {
    refuseWhileBusy(stack, "updated");
    const resources = this.#work.madeBy(stack);
    // What an earlier operation failed to make, and left so, is not there: it is made as if for the first time.
    stack.resources = Object.fromEntries(resources.map((resource) => [resource.logicalId, resource]));
    const previous = { definition: stack.definition, resources, outputs: stack.outputs };
    this.#begin(
      stack,
      "UPDATE_IN_PROGRESS",
      { kind: "update", ...startOf(options), previous, obsolete: [] },
      options.definition,
    );
  }

  beginDelete(
    stack: Stack,
    options: Pick<BeginOptions, "clientRequestToken" | "actor"> & { retainResources: readonly string[] },
  ): void {
    if (stack.status === "DELETE_IN_PROGRESS" && this.#running.has(stack.id)) return;
    refuseWhileBusy(stack, "deleted");
    const inUse = this.#work.importersOf(stack);
    if (inUse !== undefined) throw validationError(inUse);
    this.#begin(
      stack,
      "DELETE_IN_PROGRESS",
      {
        kind: "delete",
        ...startOf({ ...options, onFailure: "DO_NOTHING" }),
        obsolete: [],
        retainResources: options.retainResources,
      },
      stack.definition,
    );
  }

  /** Undoes an operation that failed and was told to leave everything as it was then. */
  beginRollback(stack: Stack, options: Pick<BeginOptions, "clientRequestToken" | "actor">): void {
    const failed = stack.failedOperation;
    if (failed === undefined) {
      throw validationError(`Stack:${stack.id} is in ${stack.status} state and can not be rolled back.`);
    }
    const operation: Operation = { ...failed, ...startOf({ ...options, onFailure: "ROLLBACK" }) };
    stack.failedOperation = undefined;
    stack.operation = operation;
    const work =
      operation.previous === undefined
        ? this.#work.rollBackCreation(stack, operation, "User Initiated.")
        : this.#work.rollBackUpdate(stack, operation, "User Initiated.");
    this.#run(stack, work);
  }

  /** Goes on with what an earlier run left in the middle. */
  recover(): void {
    for (const stack of this.#options.store.all()) {
      if (!isInProgress(stack) || stack.operation === undefined) continue;
      this.#options.log({ event: "cloudformation.recovery", stackName: stack.name, status: stack.status });
      this.#run(stack, this.#resume(stack, stack.operation));
    }
  }

  /** Resolves when no operation is under way; those that can be interrupted are. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running.values());
  }

  /** Resolves when the stack's operation, if any, has ended. */
  async settled(stack: Stack): Promise<void> {
    await this.#running.get(stack.id);
  }

  /**
   * Resolves when the stack's operation has ended, or after `headStartMs`. Callers look at a stack at once and then
   * every five seconds; an answer given when a short deployment is done saves them the five seconds.
   */
  async headStart(stack: Stack): Promise<void> {
    const timer = new AbortController();
    const waited = delay(headStartMs, undefined, { signal: timer.signal, ref: false }).catch(() => undefined);
    await Promise.race([this.settled(stack), waited]);
    timer.abort();
  }

  #begin(stack: Stack, status: string, operation: Operation, definition: StackDefinition): void {
    this.#options.store.change(stack, () => {
      stack.definition = definition;
      stack.description = parseTemplate(definition.templateBody).description;
      stack.operation = operation;
      stack.failedOperation = undefined;
      if (operation.kind === "update") stack.updatedAtMs = Date.now();
      this.#work.setStatus(stack, status, "User Initiated");
    });
    this.#run(stack, this.#perform(stack, operation));
  }

  #run(stack: Stack, work: Promise<void>): void {
    const guarded = work
      .catch((error: unknown) => {
        if (error instanceof Interrupted || this.#stopping.signal.aborted) return;
        this.#options.log({
          event: "cloudformation.operationFailed",
          stackName: stack.name,
          reason: reasonOf(error),
        });
        this.#work.finish(stack, `${stack.status.replace(/_IN_PROGRESS$/, "")}_FAILED`, reasonOf(error));
      })
      .catch((error: unknown) => {
        // The disk does not take the stack's state. What is there says "in progress", so the next start goes on from it.
        this.#options.log({
          event: "cloudformation.stateNotSaved",
          stackName: stack.name,
          reason: reasonOf(error),
        });
      })
      .finally(() => this.#running.delete(stack.id));
    this.#running.set(stack.id, guarded);
  }

  #perform(stack: Stack, operation: Operation): Promise<void> {
    if (operation.kind === "create") return this.#work.create(stack);
    return operation.kind === "update"
      ? this.#work.update(stack, operation)
      : this.#work.delete(stack, operation);
  }

  #resume(stack: Stack, operation: Operation): Promise<void> {
    const why = "The local endpoint stopped while the operation was under way.";
    switch (operation.kind) {
      case "create":
        return this.#work.rollBackCreation(stack, operation, why);
      case "update":
        return this.#work.rollBackUpdate(stack, operation, why);
      case "rollback":
        return operation.previous === undefined
          ? this.#work.rollBackCreation(stack, operation, why)
          : this.#work.rollBackUpdate(stack, operation, why);
      case "cleanup":
        return this.#work.cleanUp(stack, operation);
      case "delete":
        return this.#work.delete(stack, operation);
    }
  }
}

function refuseWhileBusy(stack: Stack, verb: string): void {
  if (isInProgress(stack)) {
    throw validationError(`Stack:${stack.id} is in ${stack.status} state and can not be ${verb}.`);
  }
}

function startOf({
  onFailure,
  clientRequestToken,
  actor,
}: Omit<BeginOptions, "definition">): Pick<Operation, "onFailure" | "clientRequestToken" | "actor"> {
  return {
    onFailure,
    ...(clientRequestToken === undefined ? {} : { clientRequestToken }),
    ...(actor === undefined ? {} : { actor }),
  };
}
