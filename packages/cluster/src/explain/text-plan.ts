/**
 * A plan as text: PostgreSQL's lines, with the costs replaced, and the scans written as the service writes them. What is
 * not a scan stays as PostgreSQL printed it.
 *
 * The storage lines below a scan are indented in their own way: `-> ` without a second blank, properties by four.
 *
 * Source: Aurora DSQL User Guide, "Reading Aurora DSQL EXPLAIN plans".
 * Tests: text-plan.test.ts, test/explain.test.ts.
 */
import type { Access, StorageStep } from "./access.ts";
import { type Cost, formatCost } from "./cost.ts";
import type { Actual, Displayed } from "./postgres-plan.ts";
import type { ServicePlan } from "./service-plan.ts";

/** A node's line, and the lines below it that are its own. */
export interface TextNode {
  readonly indent: number;
  readonly isRoot: boolean;
  /** Up to the figures: `Seq Scan on account a`. */
  readonly title: string;
  readonly estimate: { readonly rows: number; readonly width: number } | undefined;
  /** The parentheses with the actual figures, `(never executed)` or nothing. */
  readonly actualText: string;
  readonly lines: readonly string[];
}

export interface TextPlan {
  readonly nodes: readonly TextNode[];
  /** Planning and execution time, settings, triggers. */
  readonly tail: readonly string[];
}

const nodeLine =
  /^( *)(->  )?(.+?)(?: {2}\(cost=\d+\.\d+\.\.\d+\.\d+ rows=(\d+) width=(\d+)\))?(?: (\(actual [^()]*\)|\(never executed\)))?$/;

export function parseTextPlan(lines: readonly string[]): TextPlan {
  const nodes: (TextNode & { lines: string[] })[] = [];
  const tail: string[] = [];
  for (const [index, line] of lines.entries()) {
    const isNode = index === 0 || /^ *-> {2}\S/.test(line);
    const match = isNode ? nodeLine.exec(line) : undefined;
    if (match) nodes.push({ ...nodeOf(match, index === 0), lines: [] });
    else if (tail.length > 0 || /^[A-Z][A-Za-z ]*:/.test(line)) tail.push(line);
    else nodes.at(-1)?.lines.push(line);
  }
  return { nodes, tail };
}

function nodeOf(
  [, spaces = "", , title = "", rows, width, actualText = ""]: RegExpExecArray,
  isRoot: boolean,
): TextNode {
  const estimate = rows === undefined ? undefined : { rows: Number(rows), width: Number(width) };
  return { indent: spaces.length, isRoot, title, estimate, actualText, lines: [] };
}

export function displayedInText(node: TextNode): Displayed {
  return {
    indexCond: property(node, "Index Cond"),
    filter: property(node, "Filter"),
    removedByFilter: Number(property(node, "Rows Removed by Filter") ?? 0),
    actual: actualOf(node.actualText),
    insertedRows: numberOf(property(node, "Tuples Inserted")),
  };
}

const numberOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);

function actualOf(text: string): Actual | undefined {
  if (text === "(never executed)") return { rows: 0, loops: 0 };
  const match = / ?rows=(\d+) loops=(\d+)\)$/.exec(text);
  return match === null ? undefined : { rows: Number(match[1]), loops: Number(match[2]) };
}

/** Above a subplan, be it this node's or one of a node above. */
const subplanHeading = /^ *(?:(?:InitPlan|SubPlan) \d+(?: \(returns .*\))?|CTE \S.*)$/;

/** A constant in it may have line feeds, so it goes on up to the next property. */
function property(node: TextNode, name: string): string | undefined {
  const start = node.lines.findIndex((line) => line.startsWith(`${indentOf(node)}${name}: `));
  if (start < 0) return undefined;
  const next = node.lines
    .slice(start + 1)
    .findIndex((line) => subplanHeading.test(line) || isPropertyOf(node, line));
  const end = next < 0 ? node.lines.length : start + 1 + next;
  return node.lines
    .slice(start, end)
    .join("\n")
    .slice(indentOf(node).length + name.length + 2);
}

const indentOf = (node: TextNode): string => " ".repeat(node.indent + (node.isRoot ? 2 : 6));

function isPropertyOf(node: TextNode, line: string): boolean {
  const indent = indentOf(node);
  return line.startsWith(indent) && /^[A-Z]/.test(line.slice(indent.length));
}

/** @returns undefined when PostgreSQL's text has another shape than the plan */
export function printTextPlan(text: TextPlan, plan: ServicePlan): string[] | undefined {
  if (text.nodes.length !== plan.nodes.length) return undefined;
  const isScan = (index: number): boolean => {
    const shape = plan.nodes[index];
    return shape !== undefined && plan.accesses.has(shape);
  };
  if (text.nodes.some((node, index) => isScan(index) && !onRelation.test(node.title))) return undefined;
  return text.nodes.flatMap((node, index) => {
    const shape = plan.nodes[index];
    const access = shape && plan.accesses.get(shape);
    const cost = (shape && plan.costs.get(shape)) ?? { start: 0, total: 0 };
    return access === undefined ? plainLines(node, cost) : scanLines(node, access, cost);
  });
}

function plainLines(node: TextNode, cost: Cost): string[] {
  return [headLine(node, node.title, cost), ...node.lines];
}

function headLine(node: TextNode, title: string, cost: Cost): string {
  const arrow = node.isRoot ? "" : "->  ";
  const estimate =
    node.estimate === undefined ? "" : `  ${estimateText(cost, node.estimate.rows, node.estimate.width)}`;
  const actual = node.actualText === "" ? "" : ` ${node.actualText}`;
  return `${" ".repeat(node.indent)}${arrow}${title}${estimate}${actual}`;
}

function estimateText({ start, total }: Cost, rows: number, width: number): string {
  return `(cost=${formatCost(start)}..${formatCost(total)} rows=${rows} width=${width})`;
}

const name = String.raw`(?:"(?:[^"]|"")+"|[^\s".]+)`;
const onRelation = new RegExp(
  String.raw`^(?:Seq Scan|Index (?:Only )?Scan(?<backward> Backward)? using ${name}) on (?<on>.*)$`,
  "s",
);
const relation = new RegExp(String.raw`^${name}(?:\.${name})?`);

/** Written anew; everything else of the node stays. */
const rewritten = /^(?:Index Cond|Filter|Rows Removed by Filter|Heap Fetches): /;

function scanLines(node: TextNode, access: Access, cost: Cost): string[] {
  const groups = onRelation.exec(node.title)?.groups;
  const on = groups?.["on"] ?? "";
  const indent = indentOf(node);
  const kept = keptLines(node);
  const conditions = [
    ...labelled("Index Cond", access.indexCond),
    ...labelled("Filter", access.filter),
    ...labelled(
      "Rows Removed by Filter",
      access.removedByFilter > 0 ? String(access.removedByFilter) : undefined,
    ),
  ];
  const output = kept.properties.filter((line) => line.startsWith(`${indent}Output: `));
  const others = kept.properties.filter((line) => !output.includes(line));
  return [
    headLine(node, scanTitle(access, on, groups?.["backward"] ?? ""), cost),
    ...output,
    ...conditions.map((line) => indent + line),
    ...others,
    ...access.steps.flatMap((step) =>
      stepLines(step, { node, access, cost, table: relation.exec(on)?.[0] ?? on }),
    ),
    ...kept.subplans,
  ];
}

/** Its properties that stay, and the headings of the subplans that follow. */
function keptLines(node: TextNode): { properties: string[]; subplans: string[] } {
  const indent = indentOf(node);
  const properties: string[] = [];
  const subplans: string[] = [];
  let isKept = true;
  for (const line of node.lines) {
    const own = line.slice(indent.length);
    const isHeading = subplanHeading.test(line);
    if (isHeading || isPropertyOf(node, line)) isKept = !rewritten.test(own);
    if (isHeading) subplans.push(line);
    else if (isKept) properties.push(line);
  }
  return { properties, subplans };
}

function scanTitle({ kind, index }: Access, on: string, backward: string): string {
  if (kind === "fullScan") return `Full Scan (btree-table) on ${on}`;
  const scan = kind === "indexScan" ? "Index Scan" : "Index Only Scan";
  return `${scan}${backward} using ${index?.quotedName ?? ""} on ${on}`;
}

interface StepContext {
  readonly node: TextNode;
  readonly access: Access;
  readonly cost: Cost;
  /** The table as the client's EXPLAIN names it. */
  readonly table: string;
}

function stepLines(step: StorageStep, { node, access, cost, table }: StepContext): string[] {
  const outer = indentOf(node);
  const inner = `${outer}    `;
  const { estimatedRows, actualRows } = step;
  const on = step.index?.quotedName ?? table;
  const figures = (rows: number, actual: number | undefined): string => {
    const estimate = node.estimate && estimateText(cost, Math.max(1, rows), node.estimate.width);
    return [estimate, actualFigures(access.actual, actual)]
      .filter((part) => part !== undefined)
      .map((part) => ` ${part}`)
      .join("");
  };
  const filtered =
    step.filters !== undefined && actualRows !== undefined
      ? actualRows.read - actualRows.returned
      : undefined;
  return [
    `${outer}-> Storage ${step.kind} on ${on}${figures(estimatedRows.returned, actualRows?.returned)}`,
    ...labelled("Projections", step.projections.length === 0 ? undefined : step.projections.join(", ")).map(
      (line) => inner + line,
    ),
    ...labelled("Filters", step.filters).map((line) => inner + line),
    ...labelled("Rows Filtered", filtered?.toString()).map((line) => inner + line),
    `${inner}-> B-Tree ${step.kind} on ${on}${figures(estimatedRows.read, actualRows?.read)}`,
    ...labelled("Index Cond", step.indexCond).map((line) => `${inner}    ${line}`),
  ];
}

function actualFigures(actual: Actual | undefined, rows: number | undefined): string | undefined {
  if (actual === undefined || rows === undefined) return undefined;
  return actual.loops === 0 ? "(never executed)" : `(actual rows=${rows} loops=${actual.loops})`;
}

function labelled(label: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${label}: ${value}`];
}
