/**
 * The stacks of the account, in memory and on disk: `<dataDir>/<stack uuid>.json`, one file each.
 *
 * A deleted stack is kept for a while, since its events are asked for after its end.
 */

import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { ServiceError } from "../service.ts";
import { readStateFile, removeStateFile, writeStateFile } from "../state-file.ts";
import { stackShape } from "./stack-shape.ts";
import {
  changeSetsMax,
  eventsMax,
  type ChangeSet,
  type Stack,
  type StackDefinition,
  type StackEvent,
} from "./stack.ts";

/** Deleted stacks that are remembered; the longest deleted is forgotten first. */
const deletedStacksMax = 50;

/** Stacks that exist; an account's quota in AWS. */
const stacksMax = 2_000;

export interface FoundChangeSet {
  readonly stack: Stack;
  readonly changeSet: ChangeSet;
}

export class StackStore {
  readonly #directory: string;
  readonly #account: string;
  readonly #region: string;
  readonly #stacks = new Map<string, Stack>();

  constructor(options: { directory: string; account: string; region: string }) {
    this.#directory = options.directory;
    this.#account = options.account;
    this.#region = options.region;
  }

  /** Reads what an earlier run left. */
  load(): void {
    mkdirSync(this.#directory, { recursive: true });
    for (const file of readdirSync(this.#directory)) {
      if (!file.endsWith(".json")) continue;
      const stack = readStateFile(join(this.#directory, file), stackShape) as Stack;
      this.#stacks.set(stack.id, stack);
    }
  }

  /** Every stack, deleted ones too, newest first. */
  all(): readonly Stack[] {
    return [...this.#stacks.values()].sort((left, right) => right.createdAtMs - left.createdAtMs);
  }

  /** A stack that exists, by name; or any, a deleted one too, by its ARN. */
  find(nameOrId: string): Stack | undefined {
    if (nameOrId.startsWith("arn:")) return this.#stacks.get(nameOrId);
    return this.all().find((stack) => stack.name === nameOrId && stack.status !== "DELETE_COMPLETE");
  }

  /** @throws {ServiceError} ValidationError, in the words that the CDK looks for */
  get(nameOrId: string): Stack {
    const stack = this.find(nameOrId);
    if (stack !== undefined) return stack;
    throw new ServiceError({ code: "ValidationError", message: `Stack with id ${nameOrId} does not exist` });
  }

  /** @param nested - what a stack within a stack is given by its parent */
  create(
    name: string,
    definition: StackDefinition,
    status: string,
    nested: { readonly id: string; readonly parentId: string; readonly rootId: string } | object = {},
  ): Stack {
    if (this.all().filter((stack) => stack.status !== "DELETE_COMPLETE").length >= stacksMax) {
      throw new ServiceError({
        code: "LimitExceededException",
        message: `Limit for stack has been exceeded: ${stacksMax}`,
      });
    }
    const stack: Stack = {
      name,
      id: `arn:aws:cloudformation:${this.#region}:${this.#account}:stack/${name}/${randomUUID()}`,
      status,
      createdAtMs: Date.now(),
      definition,
      terminationProtection: false,
      disableRollback: false,
      outputs: [],
      resources: {},
      events: [],
      changeSets: {},
      ...nested,
    };
    this.save(stack);
    this.#stacks.set(stack.id, stack);
    return stack;
  }

  save(stack: Stack): void {
    writeStateFile(this.#file(stack), stack);
    if (stack.status === "DELETE_COMPLETE") this.#forgetOldest();
  }

  /**
   * Changes a stack and writes it. What the disk does not take has not happened: nobody sees it until the next start, and
   * then no more.
   *
   * @param apply - gives members new values and changes none of the old ones, but for `events`
   */
  change(stack: Stack, apply: () => void): void {
    const before: Stack = { ...stack, events: [...stack.events] };
    try {
      apply();
      this.save(stack);
    } catch (error) {
      for (const name of Object.keys(stack)) if (!(name in before)) Reflect.deleteProperty(stack, name);
      Object.assign(stack, before);
      throw error;
    }
  }

  addEvent(stack: Stack, event: Omit<StackEvent, "eventId" | "atMs">): void {
    // Two events never share a moment: the CDK orders them by time.
    const last = stack.events.at(-1)?.atMs ?? 0;
    const eventId =
      event.logicalId === stack.name ? randomUUID() : `${event.logicalId}-${event.status}-${randomUUID()}`;
    stack.events.push({ ...event, eventId, atMs: Math.max(Date.now(), last + 1) });
    if (stack.events.length > eventsMax) stack.events.splice(0, stack.events.length - eventsMax);
  }

  addChangeSet(stack: Stack, changeSet: ChangeSet): void {
    if (Object.keys(stack.changeSets).length >= changeSetsMax) {
      throw new ServiceError({
        code: "LimitExceededException",
        message: `Limit for ChangeSets has been exceeded: ${changeSetsMax}`,
      });
    }
    this.change(stack, () => {
      stack.changeSets = { ...stack.changeSets, [changeSet.name]: changeSet };
    });
  }

  /** A change set by its name in its stack, or by its ARN. */
  findChangeSet(name: string, stackName: string | undefined): FoundChangeSet | undefined {
    const stacks = stackName === undefined ? this.all() : [this.get(stackName)];
    for (const stack of stacks) {
      const changeSets = Object.values(stack.changeSets);
      const changeSet = changeSets.find((candidate) => candidate.name === name || candidate.id === name);
      if (changeSet !== undefined) return { stack, changeSet };
    }
    return undefined;
  }

  /** @throws {ServiceError} ChangeSetNotFound */
  changeSet(name: string, stackName: string | undefined): FoundChangeSet {
    const found = this.findChangeSet(name, stackName);
    if (found !== undefined) return found;
    throw new ServiceError({
      code: "ChangeSetNotFound",
      message: `ChangeSet [${name}] does not exist`,
      status: 404,
    });
  }

  changeSetArn(name: string): string {
    return `arn:aws:cloudformation:${this.#region}:${this.#account}:changeSet/${name}/${randomUUID()}`;
  }

  /** Every export of every stack: the name, its value, who exports it. */
  exports(): readonly { name: string; value: string; stackId: string }[] {
    return this.all()
      .filter((stack) => stack.status !== "DELETE_COMPLETE")
      .flatMap((stack) =>
        stack.outputs.flatMap((output) =>
          output.exportName === undefined
            ? []
            : [{ name: output.exportName, value: output.value, stackId: stack.id }],
        ),
      );
  }

  remove(stack: Stack): void {
    removeStateFile(this.#file(stack));
    this.#stacks.delete(stack.id);
  }

  #forgetOldest(): void {
    const deleted = this.all().filter((stack) => stack.status === "DELETE_COMPLETE");
    deleted.sort((left, right) => (right.deletedAtMs ?? 0) - (left.deletedAtMs ?? 0));
    for (const stack of deleted.slice(deletedStacksMax)) this.remove(stack);
  }

  #file(stack: Stack): string {
    return join(this.#directory, `${stack.id.slice(stack.id.lastIndexOf("/") + 1)}.json`);
  }
}
