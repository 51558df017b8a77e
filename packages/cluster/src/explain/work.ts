/** What a statement that was run has done, counted from its plan: rows changed, requests to storage, entries written. */
import { overheadBytesPerRow, type StatementWork } from "./dpu.ts";
import type { Displayed, PlanNode } from "./postgres-plan.ts";
import type { ServicePlan } from "./service-plan.ts";
import { entryBytes, rowBytes, type TableFacts, type Tables } from "./table-facts.ts";

export interface PlanRun {
  readonly plan: ServicePlan;
  readonly tables: Tables;
  /** Node by node. */
  readonly displayed: readonly Displayed[];
  /** Columns that the statement's own UPDATE sets; undefined: any. */
  readonly updatedColumns: ReadonlySet<string> | undefined;
}

/** Rows inserted, updated and deleted. */
export function changedRows(run: PlanRun): number {
  return changes(run).reduce((sum, { rows }) => sum + rows, 0);
}

export function workOf(run: PlanRun, computeMs: number): StatementWork {
  const written = changes(run).flatMap(({ node, rows }) => {
    const table = run.tables(node);
    return table === undefined ? [] : [{ node, table, rows }];
  });
  const scans = [...run.plan.accesses.values()].flatMap(({ steps, actual }) =>
    steps.map((step) => ({
      requests: actual?.loops ?? 0,
      rows: step.actualRows?.read ?? 0,
      bytes: step.entryBytes + overheadBytesPerRow,
    })),
  );
  return {
    computeMs,
    reads: [...scans, ...written.flatMap(keyChecks)],
    writes: written.flatMap(({ node, table, rows }) => entriesWritten(node, table, rows, run.updatedColumns)),
  };
}

interface Change {
  readonly node: PlanNode;
  readonly rows: number;
}

function changes({ plan, displayed }: PlanRun): Change[] {
  return plan.nodes.flatMap((node, index) => {
    if (node["Node Type"] !== "ModifyTable") return [];
    const input = node.Plans?.find((child) => child["Parent Relationship"] === "Outer");
    const actual = input && displayed[plan.nodes.indexOf(input)]?.actual;
    const inserted = node["Conflict Resolution"] === "NOTHING" ? displayed[index]?.insertedRows : undefined;
    return [{ node, rows: inserted ?? (actual ? actual.rows * actual.loops : 0) }];
  });
}

/** INSERT looks the keys of unique indexes up before it writes. */
function keyChecks({
  node,
  table,
  rows,
}: {
  node: PlanNode;
  table: TableFacts;
  rows: number;
}): StatementWork["reads"] {
  if (node.Operation !== "Insert" || rows === 0) return [];
  return table.indexes
    .filter(({ isUnique }) => isUnique)
    .map(({ columns, keyColumns }) => {
      const keys = new Set(columns.slice(0, keyColumns));
      return { requests: 1, rows, bytes: rowBytes(table.columns.filter(({ name }) => keys.has(name))) };
    });
}

function entriesWritten(
  node: PlanNode,
  table: TableFacts,
  rows: number,
  updatedColumns: ReadonlySet<string> | undefined,
): StatementWork["writes"] {
  const isTouched = (columns: readonly string[]): boolean =>
    node.Operation !== "Update" ||
    updatedColumns === undefined ||
    columns.some((name) => updatedColumns.has(name));
  const indexes = table.indexes.filter(({ isPrimary, columns }) => !isPrimary && isTouched(columns));
  const bytes = [rowBytes(table.columns), ...indexes.map((index) => entryBytes(index, table))];
  return bytes.map((size) => ({ entries: rows, bytes: size }));
}
