/**
 * Costs as the service's plans show them.
 *
 * The service's cost model was never published; this one is derived from published plans and gives their figures for a
 * whole table (6 rows: 100.76..104.84; a million: 125100.05..171100.05), a key (100.12..104.13) and an index with
 * look-ups (100.54..208.56) to within 0.02. Where rows are wider or narrower than those, pages are an approximation.
 *
 * - A scan starts with a request to storage (100), the descent of its tree, and the first bytes of every row to come.
 * - It goes on with the pages, what each row costs to look at, and the rows that are returned.
 * - A look-up of an index's rows in the table is a second request.
 *
 * Sources: Aurora DSQL User Guide, "Reading Aurora DSQL EXPLAIN plans" and "DPUs in EXPLAIN ANALYZE"; AWS Database Blog.
 * Tests: cost.test.ts.
 */
import type { PlanNode } from "./postgres-plan.ts";

export interface Cost {
  readonly start: number;
  readonly total: number;
}

/** What a scan asks of storage, in rows per execution. */
export interface StorageWork {
  /** Rows of the whole table. */
  readonly tableRows: number;
  readonly scannedRows: number;
  /** Bytes of one row or index entry that is scanned. */
  readonly entryBytes: number;
  readonly returnedRows: number;
  readonly indexConditions: number;
  readonly filters: number;
  readonly isFullScan: boolean;
  /** Rows looked up in the table after the scan of an index; undefined when there is no look-up. */
  readonly lookedUpRows?: number | undefined;
}

const request = 100;
const firstBytesPerRow = 0.125;
const page = 4;
const rowsPerPageMax = 100;
const bytesPerPageMax = 65_536;
const tuple = 0.01;
const indexTuple = 0.005;
const operator = 0.0025;
const returnedRow = 0.001;

export function storageCost(work: StorageWork): Cost {
  const { scannedRows, lookedUpRows } = work;
  const descent = Math.ceil(Math.log2(Math.max(1, work.tableRows))) * operator;
  const scanStart = request + descent + scannedRows * firstBytesPerRow;
  const scanRun =
    page * pages(scannedRows, work.entryBytes) + scannedRows * perRow(work) + work.returnedRows * returnedRow;
  if (lookedUpRows === undefined) return { start: scanStart, total: scanStart + scanRun };
  const start = scanStart + lookedUpRows * firstBytesPerRow;
  return { start, total: start + scanRun + request + page * pages(lookedUpRows, 0) };
}

function perRow({ isFullScan, indexConditions, filters }: StorageWork): number {
  const looking = isFullScan ? tuple : indexTuple + indexConditions * operator;
  const filtering = filters === 0 ? 0 : (isFullScan ? 0 : tuple) + filters * operator;
  return looking + filtering;
}

function pages(rows: number, bytes: number): number {
  return Math.max(1, Math.ceil(rows / Math.min(rowsPerPageMax, bytesPerPageMax / Math.max(1, bytes))));
}

/**
 * The costs of all nodes, when those of the scans are replaced: what PostgreSQL adds in a node is added to the new costs
 * of the nodes below it.
 *
 * @param scanCost - the new cost of a scan; undefined leaves PostgreSQL's
 */
export function recost(
  root: PlanNode,
  scanCost: (node: PlanNode) => Cost | undefined,
): ReadonlyMap<PlanNode, Cost> {
  const costs = new Map<PlanNode, Cost>();
  visit(root);
  return costs;

  function visit(node: PlanNode): void {
    for (const child of node.Plans ?? []) visit(child);
    costs.set(node, scanCost(node) ?? onTopOf(node, costs));
  }
}

function onTopOf(node: PlanNode, costs: ReadonlyMap<PlanNode, Cost>): Cost {
  const before = costOf(node);
  const changes = new Map((node.Plans ?? []).map((child) => [child, change(child, costs)]));
  const sum = (relationships: readonly string[], kind: keyof Cost): number =>
    [...changes]
      .filter(([child]) => relationships.includes(child["Parent Relationship"] ?? "Outer"))
      .reduce((total, [, added]) => total + added[kind], 0);
  // What the plan computes once, before anything else.
  const initial = sum(["InitPlan"], "total");
  const subplans = sum(["SubPlan"], "total");
  const [outer, inner] = ["Outer", "Inner"].map((relationship) =>
    node.Plans?.find((child) => child["Parent Relationship"] === relationship),
  );
  const all = ["Outer", "Inner", "Member", "Subquery"];
  if (outer !== undefined && node["Node Type"] === "Limit")
    return plus(limited(before, outer, costs), initial);
  const sort = outer !== undefined && node["Node Type"] === "Sort" ? sorted(before, outer, costs) : undefined;
  if (sort !== undefined) return plus(sort, initial);
  if (outer !== undefined && inner !== undefined && node["Node Type"] === "Nested Loop") {
    const loops = Math.max(1, outer["Plan Rows"] ?? 1);
    const perLoop = changes.get(inner)?.total ?? 0;
    const isKept = inner["Node Type"] === "Materialize" || inner["Node Type"] === "Memoize";
    const added = sum(["Outer"], "total") + perLoop * (isKept ? 1 : loops) + subplans;
    return plus({ start: before.start + sum(all, "start"), total: before.total + added }, initial);
  }
  const waitsForAll = outer !== undefined && before.start >= costOf(outer).total;
  const start = waitsForAll
    ? sum(["Outer"], "total") + sum(["Inner", "Member", "Subquery"], "start")
    : sum(["Outer", "Member", "Subquery"], "start") + sum(["Inner"], isHashed(inner) ? "total" : "start");
  const total = sum(all, "total") + subplans;
  return plus(
    { start: Math.min(before.start + start, before.total + total), total: before.total + total },
    initial,
  );
}

/** LIMIT pays for the part of its input that it takes. */
function limited(before: Cost, input: PlanNode, costs: ReadonlyMap<PlanNode, Cost>): Cost {
  const then = costOf(input);
  const now = costs.get(input) ?? then;
  const part = (cost: number): number =>
    then.total === then.start ? 1 : Math.min(1, Math.max(0, (cost - then.start) / (then.total - then.start)));
  const at = (cost: number): number => now.start + (now.total - now.start) * part(cost);
  return { start: before.start <= then.start ? now.start : at(before.start), total: at(before.total) };
}

/**
 * A sort in memory by PostgreSQL's formula, which is finer than the two digits of its plan.
 *
 * @returns undefined for another kind of sort: PostgreSQL's own figures disagree with the formula
 */
function sorted(before: Cost, input: PlanNode, costs: ReadonlyMap<PlanNode, Cost>): Cost | undefined {
  const rows = Math.max(2, input["Plan Rows"] ?? 0);
  const comparisons = 2 * operator * rows * Math.log2(rows);
  const agrees = Math.abs(costOf(input).total + comparisons - before.start) < 0.011;
  const start = (costs.get(input) ?? costOf(input)).total + comparisons;
  return agrees ? { start, total: start + operator * rows } : undefined;
}

const isHashed = (inner: PlanNode | undefined): boolean => inner?.["Node Type"] === "Hash";

function change(child: PlanNode, costs: ReadonlyMap<PlanNode, Cost>): Cost {
  const before = costOf(child);
  const after = costs.get(child) ?? before;
  return { start: after.start - before.start, total: after.total - before.total };
}

function costOf(node: PlanNode): Cost {
  return { start: node["Startup Cost"] ?? 0, total: node["Total Cost"] ?? 0 };
}

const plus = (cost: Cost, added: number): Cost => ({ start: cost.start + added, total: cost.total + added });

/** As C's `%.2f` writes it: of two equally near, the even one. Only odd eighths lie exactly between two hundredths. */
export function formatCost(value: number): string {
  const isHalf = Number.isInteger(value * 8) && !Number.isInteger(value * 4);
  const below = Math.floor(value * 100);
  return isHalf && below % 2 === 0 ? (below / 100).toFixed(2) : value.toFixed(2);
}
