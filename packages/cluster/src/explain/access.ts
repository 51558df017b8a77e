/**
 * How the service would do what a scan node of PostgreSQL does: which of its storage's trees it reads, what storage
 * filters, what is left to the query processor.
 *
 * - The primary key's tree is the table, so a scan by primary key is an Index Only Scan whatever columns it asks for.
 * - A condition on the leading columns of the primary key bounds even the scan that PostgreSQL, with its heap, makes of a
 *   whole small table.
 * - The whole table is a Full Scan when storage filters it, and an Index Only Scan of the primary key otherwise. The guide's
 *   plans and the talk's differ in just this, and so do the costs.
 * - An index that does not have all columns is scanned, and its rows are looked up in the table.
 *
 * PostgreSQL counts the rows that all filters together removed. Where several layers filter, each condition is taken to let
 * the same share of rows pass.
 *
 * Source: Aurora DSQL User Guide, "Reading Aurora DSQL EXPLAIN plans".
 * Tests: access.test.ts.
 */
import { type Cost, storageCost } from "./cost.ts";
import { columnsIn, conjunction, conjuncts, isPushable, keyBound } from "./expression.ts";
import type { Actual, Displayed, PlanNode } from "./postgres-plan.ts";
import { entryBytes, type FactIndex, rowBytes, type TableFacts } from "./table-facts.ts";

/** A part of the work that storage does. */
export interface StorageStep {
  readonly kind: "Scan" | "Lookup";
  /** undefined: the table itself. */
  readonly index: FactIndex | undefined;
  readonly projections: readonly string[];
  readonly indexCond: string | undefined;
  readonly filters: string | undefined;
  readonly estimatedRows: { readonly read: number; readonly returned: number };
  /** Per loop; undefined without ANALYZE. */
  readonly actualRows: { readonly read: number; readonly returned: number } | undefined;
  readonly entryBytes: number;
}

export interface Access {
  readonly kind: "fullScan" | "indexOnlyScan" | "indexScan";
  readonly index: FactIndex | undefined;
  readonly indexCond: string | undefined;
  /** What the query processor evaluates. */
  readonly filter: string | undefined;
  readonly removedByFilter: number;
  readonly steps: readonly StorageStep[];
  readonly cost: Cost;
  readonly actual: Actual | undefined;
}

export interface ScanSubject {
  readonly node: PlanNode;
  readonly displayed: Displayed;
  readonly table: TableFacts;
  /** Columns that the nodes above use of this scan's rows, as EXPLAIN writes them. */
  readonly used: ReadonlySet<string>;
}

/** Conditions by where they are evaluated, in the order in which rows meet them. */
interface Layers {
  readonly index: readonly string[];
  readonly scan: readonly string[];
  readonly lookup: readonly string[];
  readonly processor: readonly string[];
}

export function accessOf(subject: ScanSubject): Access {
  const { node, table, displayed } = subject;
  const primary = table.indexes.find(({ isPrimary }) => isPrimary);
  const chosen = table.indexes.find(({ name }) => name === node["Index Name"]);
  const index = chosen ?? primary;
  const isSecondary = chosen !== undefined && !chosen.isPrimary;
  const needsLookup = isSecondary && node["Node Type"] !== "Index Only Scan";
  const layers = layersOf(subject, { index, isSecondary, needsLookup });
  const isFullScan =
    chosen === undefined && (primary === undefined || (layers.index.length === 0 && layers.scan.length > 0));
  const read = isFullScan ? undefined : index;
  const steps = stepsOf(subject, { layers, index: read, needsLookup });
  const fromStorage = steps.at(-1)?.actualRows?.returned ?? 0;
  return {
    kind: isFullScan ? "fullScan" : needsLookup ? "indexScan" : "indexOnlyScan",
    index: read,
    indexCond: displayed.indexCond ?? conjunction(layers.index),
    filter: conjunction(layers.processor),
    removedByFilter: Math.max(0, fromStorage - (displayed.actual?.rows ?? 0)),
    steps,
    cost: costOf(subject, { layers, steps, isFullScan }),
    actual: displayed.actual,
  };
}

interface Choice {
  readonly index: FactIndex | undefined;
  readonly isSecondary: boolean;
  readonly needsLookup: boolean;
}

function layersOf(
  { node, displayed, table }: ScanSubject,
  { index, isSecondary, needsLookup }: Choice,
): Layers {
  const alias = node.Alias ?? "";
  const conditions = displayed.filter === undefined ? [] : conjuncts(displayed.filter);
  const given = displayed.indexCond === undefined ? [] : conjuncts(displayed.indexCond);
  const isSeqScan = node["Node Type"] === "Seq Scan";
  const bounds =
    isSeqScan && index !== undefined ? keyConditions(conditions, index, { alias, table }) : given;
  const rest = conditions.filter((condition) => !bounds.includes(condition) || !isSeqScan);
  const pushed = rest.filter((condition) => isPushable(condition, alias, table.columns));
  const inIndex = pushed.filter(
    (condition) =>
      !isSecondary ||
      [...columnsIn(condition, alias, table.columns)].every((name) => index?.columns.includes(name)),
  );
  return {
    index: bounds,
    scan: inIndex,
    lookup: needsLookup ? pushed.filter((condition) => !inIndex.includes(condition)) : [],
    processor: rest.filter(
      (condition) => !inIndex.includes(condition) && !(needsLookup && pushed.includes(condition)),
    ),
  };
}

/** The conditions that bound a scan of the index: equality on leading columns, then a range on the next. */
function keyConditions(
  conditions: readonly string[],
  index: FactIndex,
  { alias, table }: { readonly alias: string; readonly table: TableFacts },
): string[] {
  const bounds = conditions.map((condition) => ({
    condition,
    bound: keyBound(condition, alias, table.columns),
  }));
  const chosen: string[] = [];
  for (const column of index.columns.slice(0, index.keyColumns)) {
    const ofColumn = bounds.filter(({ bound }) => bound?.column === column);
    const equal = ofColumn.find(({ bound }) => bound?.kind === "equal");
    if (equal === undefined) return [...chosen, ...ofColumn.map(({ condition }) => condition)];
    chosen.push(equal.condition);
  }
  return chosen;
}

function stepsOf(
  subject: ScanSubject,
  {
    layers,
    index,
    needsLookup,
  }: { readonly layers: Layers; readonly index: FactIndex | undefined; readonly needsLookup: boolean },
): StorageStep[] {
  const { displayed, table, used, node } = subject;
  const estimated = estimatedRows(subject, layers);
  const actual = actualRows(subject, layers);
  const inIndex = new Set(index?.columns ?? []);
  const filterColumns = columnsIn(conjunction(layers.processor) ?? "", node.Alias ?? "", table.columns);
  const isWanted = (name: string): boolean => used.has(name) || filterColumns.has(name);
  const wanted = table.columns.map(({ name }) => name).filter(isWanted);
  const early = needsLookup ? [...inIndex].filter((name) => filterColumns.has(name)) : [];
  const inOrder = index === undefined || index.isPrimary ? wanted : [...inIndex].filter(isWanted);
  const scan: StorageStep = {
    kind: "Scan",
    index,
    projections: needsLookup ? early : inOrder,
    indexCond: displayed.indexCond ?? conjunction(layers.index),
    filters: conjunction(layers.scan),
    estimatedRows: { read: estimated.scanned, returned: estimated.afterScan },
    actualRows: actual && { read: actual.scanned, returned: actual.afterScan },
    entryBytes: index === undefined ? rowBytes(table.columns) : entryBytes(index, table),
  };
  if (!needsLookup) return [scan];
  const lookup: StorageStep = {
    kind: "Lookup",
    index: undefined,
    projections: wanted.filter((name) => !early.includes(name)),
    indexCond: undefined,
    filters: conjunction(layers.lookup),
    estimatedRows: { read: estimated.afterScan, returned: estimated.afterLookup },
    actualRows: actual && { read: actual.afterScan, returned: actual.afterLookup },
    entryBytes: rowBytes(table.columns),
  };
  return [scan, lookup];
}

interface RowsByLayer {
  readonly scanned: number;
  readonly afterScan: number;
  readonly afterLookup: number;
}

function estimatedRows(subject: ScanSubject, layers: Layers): RowsByLayer {
  const { node, table } = subject;
  const final = node["Plan Rows"] ?? 1;
  const isWhole = layers.index.length === 0;
  const conditions = [layers.index, layers.scan, layers.lookup, layers.processor].flat().length;
  if (conditions === 0) return { scanned: final, afterScan: final, afterLookup: final };
  const from = Math.max(final, table.rows);
  if (isWhole) return split(from, final, layers);
  if (isOneKey(subject, layers)) return split(Math.max(1, final), final, layers);
  return split(between(from, final, layers.index.length / conditions), final, layers);
}

function actualRows(subject: ScanSubject, layers: Layers): RowsByLayer | undefined {
  const { actual, removedByFilter, indexCond } = subject.displayed;
  if (actual === undefined) return undefined;
  const scanned = actual.rows + removedByFilter;
  if (indexCond !== undefined || layers.index.length === 0) return split(scanned, actual.rows, layers);
  // PostgreSQL has looked at the whole table where the service reads a part of it.
  if (isOneKey(subject, layers)) return split(actual.rows, actual.rows, layers);
  const filters = [layers.scan, layers.lookup, layers.processor].flat().length;
  const share = layers.index.length / (layers.index.length + filters);
  return split(filters === 0 ? actual.rows : between(scanned, actual.rows, share), actual.rows, layers);
}

/** The primary key is given whole. */
function isOneKey({ node, table }: ScanSubject, { index }: Layers): boolean {
  const primary = table.indexes.find(({ isPrimary }) => isPrimary);
  const isPrimary = node["Index Name"] === undefined || node["Index Name"] === primary?.name;
  if (primary === undefined || !isPrimary || index.length !== primary.keyColumns) return false;
  return index.every((condition) => keyBound(condition, node.Alias ?? "", table.columns)?.kind === "equal");
}

function split(scanned: number, final: number, { scan, lookup, processor }: Layers): RowsByLayer {
  const filters = scan.length + lookup.length + processor.length;
  const after = (passed: number): number =>
    passed === filters ? final : Math.round(between(scanned, final, passed / filters));
  return {
    scanned: Math.round(scanned),
    afterScan: after(scan.length),
    afterLookup: after(scan.length + lookup.length),
  };
}

/** Rows left when the first `share` of conditions has been met, each passing the same share of rows. */
function between(first: number, final: number, share: number): number {
  if (first <= 0) return 0;
  // No row was left: those conditions let less than one row of all pass.
  return first * (Math.max(final, 0.5) / first) ** share;
}

function costOf(
  { table }: ScanSubject,
  {
    layers,
    steps,
    isFullScan,
  }: { readonly layers: Layers; readonly steps: readonly StorageStep[]; readonly isFullScan: boolean },
): Cost {
  const [scan, lookup] = steps;
  return storageCost({
    tableRows: table.rows,
    scannedRows: scan?.estimatedRows.read ?? 0,
    entryBytes: scan?.entryBytes ?? 0,
    returnedRows: scan?.estimatedRows.returned ?? 0,
    indexConditions: layers.index.length,
    filters: layers.scan.length,
    isFullScan,
    lookedUpRows: lookup?.estimatedRows.read,
  });
}
