/**
 * A plan as JSON: PostgreSQL's, with the costs replaced, the scans named as the service names them, and their work in storage
 * as plans below them. How the service writes JSON was never published; names and figures are those of its text.
 *
 * Tests: test/explain.test.ts.
 */
import type { Access, StorageStep } from "./access.ts";
import { type Cost, formatCost } from "./cost.ts";
import { type Displayed, nodesOf, type PlanNode } from "./postgres-plan.ts";
import type { ServicePlan } from "./service-plan.ts";

export function displayedInJson(node: PlanNode): Displayed {
  const rows = node["Actual Rows"];
  return {
    indexCond: node["Index Cond"],
    filter: node.Filter,
    removedByFilter: node["Rows Removed by Filter"] ?? 0,
    actual: rows === undefined ? undefined : { rows, loops: node["Actual Loops"] ?? 1 },
    insertedRows: node["Tuples Inserted"] as number | undefined,
  };
}

/** @returns undefined when the shown plan has another shape */
export function jsonPlan(shown: PlanNode, plan: ServicePlan): PlanNode | undefined {
  const nodes = nodesOf(shown);
  const types = (all: readonly PlanNode[]): string => all.map((node) => node["Node Type"]).join();
  if (types(nodes) !== types(plan.nodes)) return undefined;
  const shapes = new Map(nodes.map((node, index) => [node, plan.nodes[index]]));
  return converted(shown);

  function converted(node: PlanNode): PlanNode {
    const shape = shapes.get(node);
    const cost = shape && plan.costs.get(shape);
    const access = shape && plan.accesses.get(shape);
    const own = { ...node, ...(cost && costsOf(node, cost)), ...(access && scanProperties(access)) };
    const below = [...(access ? stepsOf(node, access) : []), ...(node.Plans ?? []).map(converted)];
    if (access)
      for (const name of replaced) if (!(name in scanProperties(access))) Reflect.deleteProperty(own, name);
    Reflect.deleteProperty(own, "Plans");
    return below.length === 0 ? own : { ...own, Plans: below };
  }
}

const replaced = ["Index Name", "Index Cond", "Filter", "Rows Removed by Filter", "Heap Fetches"];

const nodeTypes = {
  fullScan: "Full Scan (btree-table)",
  indexOnlyScan: "Index Only Scan",
  indexScan: "Index Scan",
} as const;

function scanProperties(access: Access): Partial<PlanNode> {
  return {
    "Node Type": nodeTypes[access.kind],
    ...(access.index && { "Index Name": access.index.name }),
    ...(access.indexCond !== undefined && { "Index Cond": access.indexCond }),
    ...(access.filter !== undefined && { Filter: access.filter }),
    ...(access.filter !== undefined && access.actual && { "Rows Removed by Filter": access.removedByFilter }),
  };
}

function costsOf(node: PlanNode, { start, total }: Cost): Partial<PlanNode> {
  if (node["Total Cost"] === undefined) return {};
  return { "Startup Cost": Number(formatCost(start)), "Total Cost": Number(formatCost(total)) };
}

function stepsOf(node: PlanNode, access: Access): PlanNode[] {
  return access.steps.map((step) => ({
    ...figures(`Storage ${step.kind}`, "returned", { node, access, step }),
    ...(step.projections.length > 0 && { Projections: step.projections }),
    ...(step.filters !== undefined && { Filters: step.filters }),
    ...(step.filters !== undefined &&
      step.actualRows && { "Rows Filtered": step.actualRows.read - step.actualRows.returned }),
    Plans: [
      {
        ...figures(`B-Tree ${step.kind}`, "read", { node, access, step }),
        ...(step.indexCond !== undefined && { "Index Cond": step.indexCond }),
      },
    ],
  }));
}

function figures(
  nodeType: string,
  which: "read" | "returned",
  { node, access, step }: { readonly node: PlanNode; readonly access: Access; readonly step: StorageStep },
): PlanNode {
  const { actual, cost } = access;
  return {
    "Node Type": nodeType,
    "Parent Relationship": "Storage",
    ...(step.index ? { "Index Name": step.index.name } : { "Relation Name": node["Relation Name"] ?? "" }),
    ...costsOf(node, cost),
    ...(node["Plan Rows"] !== undefined && {
      "Plan Rows": Math.max(1, step.estimatedRows[which]),
      "Plan Width": node["Plan Width"] ?? 0,
    }),
    ...(actual && step.actualRows && { "Actual Rows": step.actualRows[which], "Actual Loops": actual.loops }),
  };
}
