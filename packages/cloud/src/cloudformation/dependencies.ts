/**
 * Which resource needs which: from `DependsOn`, `Ref`, `Fn::GetAtt` and `Fn::Sub`.
 *
 * Always true: the graph has no cycle and names only resources that the template makes (its condition holds).
 */

import { validationError } from "../protocol/index.ts";
import { unresolved } from "./intrinsics.ts";
import { isObject, type ResourceDeclaration, type Template, type Value } from "./template.ts";

/** Logical id to the logical ids it must wait for. */
export type Dependencies = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * @param isMade - whether the resource's own condition holds
 * @param conditionHolds - decides which branch of an `Fn::If` counts
 * @throws {ServiceError} ValidationError: an unknown name, or a circle
 */
export function dependenciesOf(
  template: Template,
  isMade: (resource: ResourceDeclaration) => boolean,
  conditionHolds: (name: string) => boolean,
): Dependencies {
  const known = new Set(Object.keys(template.resources));
  const made = new Map(Object.entries(template.resources).filter(([, resource]) => isMade(resource)));
  const graph = new Map<string, ReadonlySet<string>>();
  for (const [logicalId, resource] of made) {
    const needs = new Set<string>();
    for (const name of resource.dependsOn) {
      if (!known.has(name)) throw unresolved(name);
      needs.add(name);
    }
    collectReferences(resource.properties, needs, conditionHolds);
    for (const name of needs) {
      if (!isReferable(name, template)) throw unresolved(name);
      if (!made.has(name)) needs.delete(name);
    }
    graph.set(logicalId, needs);
  }
  refuseCircles(graph);
  return graph;
}

function isReferable(name: string, template: Template): boolean {
  return name in template.resources || name in template.parameters || name.startsWith("AWS::");
}

function collectReferences(
  value: Value,
  names: Set<string>,
  conditionHolds: (name: string) => boolean,
): void {
  if (Array.isArray(value)) {
    for (const item of value) collectReferences(item, names, conditionHolds);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "Ref" && typeof inner === "string") names.add(inner);
    else if (key === "Fn::GetAtt") names.add(firstText(inner).split(".")[0] ?? "");
    else if (key === "Fn::Sub") collectSubstitutions(inner, names, conditionHolds);
    else if (key === "Fn::If" && Array.isArray(inner)) {
      collectReferences(
        (conditionHolds(firstText(inner)) ? inner[1] : inner[2]) ?? null,
        names,
        conditionHolds,
      );
    } else collectReferences(inner, names, conditionHolds);
  }
}

function firstText(value: Value): string {
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === "string" ? first : "";
}

function collectSubstitutions(
  value: Value,
  names: Set<string>,
  conditionHolds: (name: string) => boolean,
): void {
  const [source, variables] = Array.isArray(value) ? [value[0], value[1] ?? {}] : [value, {}];
  if (typeof source !== "string") return;
  for (const [, literal, name = ""] of source.matchAll(/\$\{(!?)([^}]*)\}/g)) {
    const base = name.trim().split(".")[0] ?? "";
    const isVariable = isObject(variables) && Object.hasOwn(variables, name.trim());
    if (literal === "" && !isVariable) names.add(base);
  }
  collectReferences(variables, names, conditionHolds);
}

function refuseCircles(graph: Dependencies): void {
  const settled = new Set<string>();
  for (;;) {
    const ready = [...graph].filter(
      ([id, needs]) => !settled.has(id) && [...needs].every((need) => settled.has(need)),
    );
    if (ready.length === 0) break;
    for (const [id] of ready) settled.add(id);
  }
  const circle = [...graph.keys()].filter((id) => !settled.has(id));
  if (circle.length > 0) {
    throw validationError(`Circular dependency between resources: [${circle.join(", ")}]`);
  }
}

/** The same edges turned round: who must be gone before a resource may be deleted. */
export function reversed(graph: Dependencies): Dependencies {
  const result = new Map<string, Set<string>>([...graph.keys()].map((id) => [id, new Set<string>()]));
  for (const [id, needs] of graph) for (const need of needs) result.get(need)?.add(id);
  return result;
}

/** What a run of `inOrder` ended with, per resource that did not succeed. */
export interface OrderedOutcome {
  readonly failed: readonly string[];
  /** Never started, because something failed before its turn came. */
  readonly notStarted: readonly string[];
}

/**
 * Runs `work` for each resource once everything it needs is done, as many at a time as the graph allows. After the
 * first failure nothing new starts; what runs is awaited.
 *
 * @param onFailure - `goOn` is for deletions: the rest that does not depend on the failed one still runs
 */
export async function inOrder(
  graph: Dependencies,
  work: (logicalId: string) => Promise<boolean>,
  onFailure: "stop" | "goOn" = "stop",
): Promise<OrderedOutcome> {
  const waiting = new Set(graph.keys());
  const done = new Set<string>();
  const failed: string[] = [];
  const running = new Map<string, Promise<void>>();

  const start = (id: string): void => {
    waiting.delete(id);
    const finished = work(id).then((succeeded) => {
      running.delete(id);
      if (succeeded) done.add(id);
      else failed.push(id);
    });
    running.set(id, finished);
  };

  for (;;) {
    if (failed.length === 0 || onFailure === "goOn") {
      for (const id of [...waiting]) {
        if ([...(graph.get(id) ?? [])].every((need) => done.has(need) || !graph.has(need))) start(id);
      }
    }
    if (running.size === 0) return { failed, notStarted: [...waiting] };
    await Promise.race(running.values());
  }
}
