/**
 * The service's plan beside PostgreSQL's: for each node its cost, and for each scan of a table what it asks of storage.
 *
 * PostgreSQL is asked twice: once with VERBOSE in JSON for the shape, which names the relations and columns, and once as the
 * client has asked, which gives what it is to be shown.
 */
import { type Access, accessOf } from "./access.ts";
import { type Cost, recost } from "./cost.ts";
import { columnsIn } from "./expression.ts";
import { type Displayed, isTableScan, nodesOf, type PlanNode } from "./postgres-plan.ts";
import type { TableFacts, Tables } from "./table-facts.ts";

export interface ServicePlan {
  /** The nodes of the shape, in the order in which plans are printed. */
  readonly nodes: readonly PlanNode[];
  readonly accesses: ReadonlyMap<PlanNode, Access>;
  readonly costs: ReadonlyMap<PlanNode, Cost>;
}

/** @param displayed - for each node of the shape, in order; undefined where it has no conditions to show */
export function servicePlan(root: PlanNode, tables: Tables, displayed: readonly Displayed[]): ServicePlan {
  const nodes = nodesOf(root);
  const accesses = new Map<PlanNode, Access>();
  for (const [index, node] of nodes.entries()) {
    const table = isTableScan(node) ? tables(node) : undefined;
    const shown = displayed[index];
    if (table === undefined || shown === undefined) continue;
    accesses.set(node, accessOf({ node, displayed: shown, table, used: usedColumns(nodes, node, table) }));
  }
  return { nodes, accesses, costs: recost(root, (node) => accesses.get(node)?.cost) };
}

/** Lists of expressions, or an expression, that a node evaluates over the rows below it. */
const expressions = [
  "Output",
  "Sort Key",
  "Group Key",
  "Filter",
  "Join Filter",
  "Hash Cond",
  "Merge Cond",
  "Index Cond",
  "Recheck Cond",
  "Cache Key",
  "One-Time Filter",
  "Function Call",
];

/**
 * The columns of a scan that the plan has a use for. PostgreSQL's scans often give whole rows because that costs it nothing;
 * what is needed of them shows in the expressions of the other nodes.
 */
function usedColumns(nodes: readonly PlanNode[], scan: PlanNode, table: TableFacts): ReadonlySet<string> {
  const alias = scan.Alias ?? "";
  const columnsOf = (text: string): ReadonlySet<string> => columnsIn(text, alias, table.columns);
  const own = columnsOf(`(${(scan.Output ?? []).join(", ")})`);
  const parent = nodes.find((node) => node.Plans?.includes(scan));
  const isPassedOn =
    parent === undefined || parent["Node Type"] === "ModifyTable" || parent["Node Type"] === "LockRows";
  const others = nodes.filter((node) => node !== scan);
  const used = new Set(others.flatMap((node) => [...columnsOf(`(${expressionsOf(node).join(", ")})`)]));
  return new Set([...own].filter((name) => isPassedOn || used.has(name)));
}

function expressionsOf(node: PlanNode): string[] {
  return expressions.flatMap((name) => {
    const value = node[name];
    return Array.isArray(value) ? value.map(String) : typeof value === "string" ? [value] : [];
  });
}
