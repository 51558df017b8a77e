/**
 * What the client is told: PostgreSQL's answer to its EXPLAIN, written anew as the service writes it.
 *
 * XML and YAML are given as PostgreSQL writes them: what the service makes of those is not known.
 */
import { settableSettings } from "@dsql-local/spec";
import type { Statement } from "../sql/index.ts";
import { dpuLines, type StatementDpu, statementDpu } from "./dpu.ts";
import type { ExplainOptions } from "./explain-options.ts";
import { displayedInJson, jsonPlan } from "./json-plan.ts";
import { type Displayed, type Explained, nodesOf } from "./postgres-plan.ts";
import { queryIdentifier } from "./query-identifier.ts";
import { servicePlan } from "./service-plan.ts";
import type { Tables } from "./table-facts.ts";
import { displayedInText, parseTextPlan, printTextPlan } from "./text-plan.ts";
import { changedRows, type PlanRun, workOf } from "./work.ts";

/** A statement that has been explained, and what its plan is about. */
export interface Subject {
  readonly shape: Explained;
  readonly tables: Tables;
  readonly options: ExplainOptions;
  readonly statement: Statement;
}

export interface Answer {
  readonly answer: readonly string[];
  /** Rows that the statement has changed. */
  readonly changed: number;
}

export function answerOf(values: readonly string[], subject: Subject): Answer {
  return (answers[subject.options.format] ?? answerUnchanged)(values, subject);
}

const answers: Readonly<Record<string, (values: readonly string[], subject: Subject) => Answer>> = {
  text: answerText,
  json: answerJson,
};

function answerUnchanged(values: readonly string[], subject: Subject): Answer {
  return { answer: values, changed: changedRows(runOf(subject, displayedInMarkup(values.join("")))) };
}

/** Of XML and YAML only the figures are read, which come node by node. */
function displayedInMarkup(text: string): Displayed[] {
  const figures = (label: string): number[] =>
    [...text.matchAll(new RegExp(`Actual[- ]${label}(?:>|: )(\\d+)`, "g"))].map((match) => Number(match[1]));
  const loops = figures("Loops");
  return figures("Rows").map((rows, index) => ({
    indexCond: undefined,
    filter: undefined,
    removedByFilter: 0,
    insertedRows: undefined,
    actual: { rows, loops: loops[index] ?? 1 },
  }));
}

function answerText(lines: readonly string[], subject: Subject): Answer {
  const text = parseTextPlan(lines);
  const run = runOf(subject, text.nodes.map(displayedInText));
  const printed = printTextPlan(text, run.plan);
  const answer = printed === undefined ? lines : [...printed, ...tailLines(text.tail, run, subject)];
  return { answer, changed: changedRows(run) };
}

function tailLines(tail: readonly string[], run: PlanRun, { options, statement }: Subject): string[] {
  const lines = tail.flatMap(visibleSettings);
  const isEstimated =
    options.analyze && options.verbose && lines.some((line) => line.startsWith("Planning Time: "));
  if (!isEstimated) return lines;
  const timeMs = (label: string): number =>
    Number(/: ([\d.]+) ms$/.exec(lines.find((line) => line.startsWith(label)) ?? "")?.[1] ?? 0);
  const dpu = statementDpu(workOf(run, timeMs("Planning Time: ") + timeMs("Execution Time: ")));
  const at = lines.findIndex((line) => line.startsWith("Planning"));
  const identifier = `Query Identifier: ${queryIdentifier(statement.text.slice(options.queryStart))}`;
  return [...lines.slice(0, at), identifier, ...lines.slice(at), ...dpuLines(dpu)];
}

/** SETTINGS tells of what a client has set, not of how the embedded PostgreSQL is configured. */
function visibleSettings(line: string): string[] {
  const label = "Settings: ";
  if (!line.startsWith(label)) return [line];
  const kept = line
    .slice(label.length)
    .split(/, (?=[\w.]+ = ')/)
    .filter((setting) => isVisible(setting.split(" = ")[0] ?? ""));
  return kept.length === 0 ? [] : [label + kept.join(", ")];
}

const settable: ReadonlySet<string> = new Set(settableSettings.map(({ name }) => name));
const isVisible = (name: string): boolean => settable.has(name) && name !== "enable_bitmapscan";

function answerJson(values: readonly string[], subject: Subject): Answer {
  const [shown] = JSON.parse(values.join("")) as [Explained];
  const run = runOf(subject, nodesOf(shown.Plan).map(displayedInJson));
  const plan = jsonPlan(shown.Plan, run.plan);
  if (plan === undefined) return { answer: values, changed: changedRows(run) };
  const { options, statement } = subject;
  const { Plan: _, "Planning Time": planningMs, Settings: settings, ...rest } = shown;
  const isEstimated = options.analyze && options.verbose && planningMs !== undefined;
  const dpu = statementDpu(workOf(run, (planningMs ?? 0) + (shown["Execution Time"] ?? 0)));
  const explained = {
    Plan: plan,
    ...(settings && {
      Settings: Object.fromEntries(Object.entries(settings).filter(([name]) => isVisible(name))),
    }),
    ...(isEstimated && { "Query Identifier": queryIdentifier(statement.text.slice(options.queryStart)) }),
    ...(planningMs !== undefined && { "Planning Time": planningMs }),
    ...rest,
    ...(isEstimated && { "Statement DPU Estimate": dpuProperties(dpu) }),
  };
  return { answer: [JSON.stringify([explained], null, 2)], changed: changedRows(run) };
}

function dpuProperties({ compute, read, write, total }: StatementDpu): Record<string, number> {
  const round = (value: number): number => Number(value.toFixed(5));
  return { Compute: round(compute), Read: round(read), Write: round(write), Total: round(total) };
}

function runOf({ shape, tables, statement }: Subject, displayed: readonly Displayed[]): PlanRun {
  return {
    plan: servicePlan(shape.Plan, tables, displayed),
    tables,
    displayed,
    updatedColumns: updatedColumns(statement),
  };
}

interface UpdateTree {
  readonly ExplainStmt?: {
    readonly query?: {
      readonly UpdateStmt?: {
        readonly targetList?: readonly { readonly ResTarget?: { readonly name?: string } }[];
      };
    };
  };
}

function updatedColumns(statement: Statement): ReadonlySet<string> | undefined {
  if (statement.kind !== "write") return undefined;
  const tree = statement.analysis.tree as UpdateTree;
  const targets = tree.ExplainStmt?.query?.UpdateStmt?.targetList;
  return targets && new Set(targets.map(({ ResTarget }) => ResTarget?.name ?? ""));
}
