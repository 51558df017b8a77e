/**
 * What each operation on a stack does, from its first resource to its last status.
 *
 * Always true: what is under way, and how to undo it, is on disk before a resource is touched; so any of these may be cut
 * short by a stop (`Interrupted`), and another of them takes over at the next start.
 */

import type { Log } from "@dsql-local/cluster";

import { type Dependencies, inOrder, reversed } from "./dependencies.ts";
import { Evaluation } from "./evaluation.ts";
import { Interrupted, reasonOf, ResourceSteps } from "./resource-steps.ts";
import type { Admission } from "./resource-permissions/index.ts";
import type { ResourceType } from "./resource-type.ts";
import type { Operation, SsmReader, Stack, StackDefinition, StackResource } from "./stack.ts";
import type { StackStore } from "./stack-store.ts";
import { parseTemplate } from "./template.ts";

export interface StackWorkOptions {
  readonly store: StackStore;
  readonly typeOf: (type: string) => ResourceType;
  readonly admission: Admission;
  readonly ssmValueFor: SsmReader;
  readonly withLocalAddresses: (text: string) => string;
  readonly account: string;
  readonly region: string;
  readonly log: Log;
}

const stackType = "AWS::CloudFormation::Stack";

export class StackWork {
  readonly #options: StackWorkOptions;
  readonly #store: StackStore;
  readonly #steps: ResourceSteps;

  /** @param signal - aborted when the endpoint stops */
  constructor(options: StackWorkOptions, signal: AbortSignal) {
    this.#options = options;
    this.#store = options.store;
    const { store, typeOf, admission } = options;
    this.#steps = new ResourceSteps({ store, typeOf, admission, signal });
  }

  async create(stack: Stack): Promise<void> {
    const failure = await this.#provision(stack, (evaluation, graph, logicalId) =>
      this.#steps.create(stack, evaluation, logicalId, needsOf(graph, logicalId), "CREATE"),
    );
    if (failure === undefined) return this.finish(stack, "CREATE_COMPLETE");
    const operation = stack.operation;
    if (operation === undefined || operation.onFailure === "DO_NOTHING")
      return this.#leave(stack, "CREATE_FAILED", failure);
    await this.rollBackCreation(stack, operation, failure);
  }

  async update(stack: Stack, operation: Operation): Promise<void> {
    const previous = new Map(
      (operation.previous?.resources ?? []).map((resource) => [resource.logicalId, resource]),
    );
    const kept = new Set<string>();
    const failure = await this.#provision(stack, async (evaluation, graph, logicalId) => {
      kept.add(logicalId);
      const current = previous.get(logicalId);
      const needs = needsOf(graph, logicalId);
      if (current === undefined || current.status === "CREATE_FAILED")
        return this.#steps.create(stack, evaluation, logicalId, needs, "CREATE");
      const target = this.#targetOf(evaluation, current, needs);
      if (typeof target === "string")
        return this.#steps.create(stack, evaluation, logicalId, needs, "UPDATE");
      switch (this.#steps.difference(current, target)) {
        case "none":
          if (this.#isToBeSetAgain(stack, current)) {
            return this.#steps.update(stack, { ...current, properties: {} }, target);
          }
          stack.resources[logicalId] = target;
          return true;
        case "inPlace":
          return this.#steps.update(stack, current, target);
        case "replacement":
          return this.#steps.create(stack, evaluation, logicalId, needs, "UPDATE");
      }
    });
    if (failure === undefined) {
      const obsolete = [...previous.values()].filter(
        (resource) =>
          !kept.has(resource.logicalId) ||
          stack.resources[resource.logicalId]?.physicalId !== resource.physicalId,
      );
      for (const resource of obsolete)
        if (!kept.has(resource.logicalId)) delete stack.resources[resource.logicalId];
      return this.#beginCleanUp(stack, { ...operation, obsolete }, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
    }
    if (operation.onFailure === "DO_NOTHING") return this.#leave(stack, "UPDATE_FAILED", failure);
    await this.rollBackUpdate(stack, operation, failure);
  }

  /** Whether what a resource is may differ from what its record says: its last change failed, or others change it too. */
  #isToBeSetAgain(stack: Stack, current: StackResource): boolean {
    if (current.status === "UPDATE_FAILED") return true;
    return stack.definition.revertsDrift === true && this.#options.typeOf(current.type).mayDrift === true;
  }

  /** The record as it shall be, or why it cannot be told: then the step itself reports the failure. */
  #targetOf(
    evaluation: Evaluation,
    current: StackResource,
    needs: readonly string[],
  ): StackResource | string {
    const declaration = evaluation.template.resources[current.logicalId];
    if (declaration?.type !== current.type) return "the type has changed";
    try {
      return this.#steps.target(evaluation, current, needs);
    } catch (error) {
      return reasonOf(error);
    }
  }

  /**
   * Runs `step` for every resource of the template in the order of their needs, then evaluates the outputs.
   *
   * @returns why the operation fails, or `undefined`
   */
  async #provision(
    stack: Stack,
    step: (evaluation: Evaluation, graph: Dependencies, logicalId: string) => Promise<boolean>,
  ): Promise<string | undefined> {
    try {
      const evaluation = this.evaluationOf(stack);
      const graph = evaluation.dependencies();
      const outcome = await inOrder(graph, (logicalId) => step(evaluation, graph, logicalId));
      if (outcome.failed.length > 0) {
        const verb = stack.operation?.kind === "update" ? "update" : "create";
        return `The following resource(s) failed to ${verb}: [${outcome.failed.join(", ")}].`;
      }
      const outputs = evaluation.outputs();
      this.#refuseForeignExports(
        stack,
        outputs.flatMap((output) => output.exportName ?? []),
      );
      stack.outputs = outputs;
      stack.imports = [...evaluation.imports];
      return undefined;
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      return reasonOf(error);
    }
  }

  #refuseForeignExports(stack: Stack, names: readonly string[]): void {
    const taken = this.#store
      .exports()
      .find((other) => other.stackId !== stack.id && names.includes(other.name));
    if (taken !== undefined) {
      throw new Error(
        `Export with name ${taken.name} is already exported by stack ${stackNameOf(taken.stackId)}`,
      );
    }
    const inUse = this.importersOf(stack, names);
    if (inUse !== undefined) throw new Error(inUse);
  }

  async rollBackCreation(stack: Stack, operation: Operation, failure: string): Promise<void> {
    const isDeletion = operation.onFailure === "DELETE";
    stack.operation = { ...operation, kind: isDeletion ? "delete" : "rollback" };
    this.setStatus(
      stack,
      isDeletion ? "DELETE_IN_PROGRESS" : "ROLLBACK_IN_PROGRESS",
      `${failure} ${requested(isDeletion)}`,
    );
    if (isDeletion) return this.delete(stack, stack.operation);
    const failed = await this.#removeAll(stack, this.madeBy(stack), () => "Delete");
    if (failed.length > 0) return this.finish(stack, "ROLLBACK_FAILED", cannotDelete(failed));
    this.finish(stack, "ROLLBACK_COMPLETE");
  }

  async rollBackUpdate(stack: Stack, operation: Operation, failure: string): Promise<void> {
    const previous = operation.previous;
    if (previous === undefined) throw new Error("an update's rollback needs the state before it");
    stack.operation = { ...operation, kind: "rollback" };
    this.setStatus(stack, "UPDATE_ROLLBACK_IN_PROGRESS", failure);
    const before = new Map(previous.resources.map((resource) => [resource.logicalId, resource]));
    const undone = this.madeBy(stack).filter(
      (resource) => before.get(resource.logicalId)?.physicalId !== resource.physicalId,
    );
    const outcome = await inOrder(graphOf(previous.resources), async (logicalId) => {
      const current = stack.resources[logicalId];
      const target = before.get(logicalId);
      if (target === undefined) return true;
      const isChanged = current?.physicalId === target.physicalId && current.status.startsWith("UPDATE_");
      if (isChanged && this.#steps.difference(current, target) !== "none") {
        return this.#steps.update(stack, current, target);
      }
      stack.resources[logicalId] = target;
      return true;
    });
    if (outcome.failed.length > 0) {
      return this.finish(
        stack,
        "UPDATE_ROLLBACK_FAILED",
        `The following resource(s) failed to update: [${outcome.failed.join(", ")}].`,
      );
    }
    for (const logicalId of Object.keys(stack.resources))
      if (!before.has(logicalId)) delete stack.resources[logicalId];
    stack.definition = previous.definition;
    stack.outputs = previous.outputs;
    await this.#beginCleanUp(
      stack,
      { ...operation, obsolete: undone },
      "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    );
  }

  async #beginCleanUp(stack: Stack, operation: Operation, status: string): Promise<void> {
    stack.operation = { ...operation, kind: "cleanup" };
    this.setStatus(stack, status);
    await this.cleanUp(stack, stack.operation);
  }

  /** Deletes what an update left over. A failure is in the events; it does not fail the update. */
  async cleanUp(stack: Stack, operation: Operation): Promise<void> {
    const isRollback = stack.status.startsWith("UPDATE_ROLLBACK");
    await this.#removeAll(stack, operation.obsolete, (resource) => {
      if (isRollback) return "Delete";
      return stack.resources[resource.logicalId] === undefined
        ? resource.deletionPolicy
        : resource.updateReplacePolicy;
    });
    this.finish(stack, isRollback ? "UPDATE_ROLLBACK_COMPLETE" : "UPDATE_COMPLETE");
  }

  async delete(stack: Stack, operation: Operation): Promise<void> {
    const retained = new Set(operation.retainResources ?? []);
    const failed = await this.#removeAll(stack, this.madeBy(stack), (resource) =>
      retained.has(resource.logicalId) ? "Retain" : resource.deletionPolicy,
    );
    if (failed.length > 0) return this.finish(stack, "DELETE_FAILED", cannotDelete(failed));
    stack.deletedAtMs = Date.now();
    stack.outputs = [];
    this.finish(stack, "DELETE_COMPLETE");
  }

  /** Deletes resources, each after those that need it. @returns the logical ids that could not be deleted */
  async #removeAll(
    stack: Stack,
    resources: readonly StackResource[],
    policyOf: (resource: StackResource) => string,
  ): Promise<readonly string[]> {
    const byId = new Map(resources.map((resource) => [resource.logicalId, resource]));
    const outcome = await inOrder(
      reversed(graphOf(resources)),
      async (logicalId) => {
        const resource = byId.get(logicalId);
        if (resource === undefined || !(await this.#steps.remove(stack, resource, policyOf(resource))))
          return false;
        if (stack.resources[logicalId]?.physicalId === resource.physicalId) delete stack.resources[logicalId];
        this.#store.save(stack);
        return true;
      },
      "goOn",
    );
    return outcome.failed;
  }

  /** Resources that exist or may exist. One whose creation failed made nothing, unless its type says otherwise. */
  madeBy(stack: Stack): readonly StackResource[] {
    return Object.values(stack.resources).filter(
      ({ status, type }) =>
        status !== "CREATE_FAILED" || this.#options.typeOf(type).isRemovedAfterFailure === true,
    );
  }

  /** Ends a failed operation where it stands, and remembers how to undo it. */
  #leave(stack: Stack, status: string, reason: string): void {
    stack.failedOperation = stack.operation;
    this.finish(stack, status, reason);
  }

  finish(stack: Stack, status: string, reason?: string): void {
    this.setStatus(stack, status, reason);
    stack.operation = undefined;
    this.#store.save(stack);
  }

  setStatus(stack: Stack, status: string, reason?: string): void {
    stack.status = status;
    stack.statusReason = reason;
    const token = stack.operation?.clientRequestToken;
    this.#store.addEvent(stack, {
      logicalId: stack.name,
      physicalId: stack.id,
      type: stackType,
      status,
      ...(reason === undefined ? {} : { reason }),
      ...(token === undefined ? {} : { clientRequestToken: token }),
    });
    this.#store.save(stack);
    this.#options.log({
      event: "cloudformation.status",
      stackName: stack.name,
      status,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  evaluationOf(stack: Stack, definition: StackDefinition = stack.definition): Evaluation {
    return new Evaluation({
      template: parseTemplate(definition.templateBody),
      definition,
      stackName: stack.name,
      stackId: stack.id,
      account: this.#options.account,
      region: this.#options.region,
      resource: (logicalId) => stack.resources[logicalId],
      exported: (name) => this.#store.exports().find((candidate) => candidate.name === name)?.value,
      ssmValue: this.#options.ssmValueFor(stack.operation?.actor),
      withLocalAddresses: this.#options.withLocalAddresses,
    });
  }

  /** Why an export of this stack may not go: another stack reads it. */
  importersOf(stack: Stack, kept: readonly string[] = []): string | undefined {
    for (const output of stack.outputs) {
      const name = output.exportName;
      if (name === undefined || kept.includes(name)) continue;
      const importer = this.#store
        .all()
        .find((other) => other.id !== stack.id && isLive(other) && (other.imports ?? []).includes(name));
      if (importer !== undefined)
        return `Export ${name} cannot be deleted as it is in use by ${importer.name}`;
    }
    return undefined;
  }
}

function graphOf(resources: readonly StackResource[]): Dependencies {
  const present = new Set(resources.map((resource) => resource.logicalId));
  return new Map(
    resources.map((resource) => [
      resource.logicalId,
      new Set(resource.needs.filter((need) => present.has(need))),
    ]),
  );
}

const needsOf = (graph: Dependencies, logicalId: string): readonly string[] => [
  ...(graph.get(logicalId) ?? []),
];

const isLive = (stack: Stack): boolean => stack.status !== "DELETE_COMPLETE";

const requested = (isDeletion: boolean): string =>
  isDeletion ? "Delete requested by user." : "Rollback requested by user.";

const cannotDelete = (logicalIds: readonly string[]): string =>
  `The following resource(s) failed to delete: [${logicalIds.join(", ")}]. `;

const stackNameOf = (stackId: string): string => stackId.split("/")[1] ?? stackId;
