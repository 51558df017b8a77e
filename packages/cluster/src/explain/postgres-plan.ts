/**
 * PostgreSQL's plan of a statement, as `EXPLAIN (FORMAT JSON)` gives it: typed as far as it is looked at, the rest kept.
 *
 * Nodes are numbered in the order in which PostgreSQL prints them, in every format: a node, then those below it.
 */
export interface PlanNode {
  readonly "Node Type": string;
  readonly "Startup Cost"?: number;
  readonly "Total Cost"?: number;
  readonly "Plan Rows"?: number;
  readonly "Plan Width"?: number;
  readonly "Parent Relationship"?: string;
  readonly "Relation Name"?: string;
  readonly Schema?: string;
  readonly Alias?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Filter?: string;
  readonly "Rows Removed by Filter"?: number;
  readonly "Actual Rows"?: number;
  readonly "Actual Loops"?: number;
  readonly Operation?: string;
  readonly Output?: readonly string[];
  readonly Plans?: readonly PlanNode[];
  readonly [property: string]: unknown;
}

export interface Explained {
  readonly Plan: PlanNode;
  readonly "Planning Time"?: number;
  readonly "Execution Time"?: number;
  readonly Settings?: Readonly<Record<string, string>>;
  readonly [property: string]: unknown;
}

/** The nodes of a plan in the order in which they are printed. */
export function nodesOf(root: PlanNode): PlanNode[] {
  return [root, ...(root.Plans ?? []).flatMap(nodesOf)];
}

/** What of a node the client is shown, with the names and the figures of its own EXPLAIN. */
export interface Displayed {
  readonly indexCond: string | undefined;
  readonly filter: string | undefined;
  /** Per loop; 0 where PostgreSQL prints nothing. */
  readonly removedByFilter: number;
  /** undefined without ANALYZE. */
  readonly actual: Actual | undefined;
  /** Of INSERT … ON CONFLICT, with ANALYZE. */
  readonly insertedRows: number | undefined;
}

/** Rows are those of one loop, on average; no loops: never executed. */
export interface Actual {
  readonly rows: number;
  readonly loops: number;
}

const scans: ReadonlySet<string> = new Set(["Seq Scan", "Index Scan", "Index Only Scan"]);
const systemSchemas: ReadonlySet<string> = new Set([
  "pg_catalog",
  "information_schema",
  "pg_toast",
  "pg_dsql",
  "sys",
]);

/** A scan of a user's table: catalogs are not kept in the service's storage, and are scanned as in PostgreSQL. */
export function isTableScan(node: PlanNode): boolean {
  return scans.has(node["Node Type"]) && !systemSchemas.has(node.Schema ?? "");
}
