/**
 * EXPLAIN in a session. PostgreSQL plans the statement, and with ANALYZE runs it; what it answers is held back, written anew
 * and sent to the client.
 *
 * The client's own EXPLAIN runs through its transaction unchanged, so its errors, its effects and their redo are those of
 * any statement. Before it the same statement is planned once more with VERBOSE in JSON, for the names that its text leaves out.
 *
 * XML and YAML are given as PostgreSQL writes them: what the service makes of those is not known.
 */
import { settableSettings } from "@dsql-local/spec";
import { SqlError } from "../../base/index.ts";
import type { Statement } from "../../sql/index.ts";
import type { Coordinator, Execution, Outcome, Sink, Transaction } from "../../transaction/index.ts";
import { backendType, decodeDataRow, encodeBackend } from "../../wire/index.ts";
import { dpuLines, type StatementDpu, statementDpu } from "./dpu.ts";
import { type ExplainOptions, explainOptions } from "./explain-options.ts";
import { displayedInJson, jsonPlan } from "./json-plan.ts";
import { type Displayed, type Explained, nodesOf } from "./postgres-plan.ts";
import { queryIdentifier } from "./query-identifier.ts";
import { servicePlan } from "./service-plan.ts";
import { readTables, type Tables } from "./table-facts.ts";
import { displayedInText, parseTextPlan, printTextPlan } from "./text-plan.ts";
import { changedRows, type PlanRun, workOf } from "./work.ts";

export interface ExplainContext {
  readonly transaction: Transaction;
  readonly coordinator: Pick<Coordinator, "prepare">;
}

/** @throws {SqlError} PostgreSQL refuses the statement, or the rows that it changes are too many */
export async function explain(context: ExplainContext, execution: Execution, sink: Sink): Promise<Outcome> {
  const { transaction } = context;
  const options = explainOptions(execution.statement);
  if (options === undefined || !["text", "json"].includes(options.format)) return await transaction.run(execution, sink);
  const shape = await planShape(context, execution, options);
  const tables = await readTables(shape.Plan, (text, values) => transaction.request(text, values));
  const rows = new RowsHeldBack(sink);
  // The answer is whole before any of it goes out, so it is given whole, whatever number of rows was asked for.
  const outcome = await transaction.run({ ...execution, rowsMax: 0, rowsSent: 0, portal: "" }, rows);
  const subject = { shape, tables, options, statement: execution.statement };
  const { answer, changed } = options.format === "json" ? answerJson(rows.values, subject) : answerText(rows.values, subject);
  transaction.noteChangedRows(changed);
  for (const row of answer) sink.frame(encodeBackend.dataRow([row]));
  return outcome;
}

/** @throws {SqlError} PostgreSQL refuses the statement; the position is one of the client's text */
async function planShape(
  { transaction, coordinator }: ExplainContext,
  execution: Execution,
  { genericPlan, queryStart }: ExplainOptions,
): Promise<Explained> {
  const { statement, prepared } = execution;
  const prefix = `EXPLAIN (VERBOSE, FORMAT JSON${genericPlan ? ", GENERIC_PLAN" : ""}) `;
  const text = prefix + statement.text.slice(queryStart);
  const rows = new RowsHeldBack(undefined);
  try {
    await transaction.run(
      {
        // Like SHOW it neither writes nor locks, whatever the statement in it would.
        statement: { ...statement, kind: "show", name: "plan", text },
        prepared: coordinator.prepare(text, prepared.parameterTypes),
        bindArguments: execution.bindArguments,
        describe: false,
        rowsMax: 0,
        portal: "",
        rowsSent: 0,
      },
      rows,
    );
  } catch (error) {
    throw movedError(error, [...statement.text.slice(0, queryStart)].length - prefix.length);
  }
  const [explained] = JSON.parse(rows.values.join("")) as [Explained];
  return explained;
}

function movedError(error: unknown, characters: number): unknown {
  if (!(error instanceof SqlError) || error.position === undefined) return error;
  const { sqlstate, message, detail, hint, severity, position } = error;
  return new SqlError({ sqlstate, message, detail, hint, severity, position: position + characters }, { cause: error });
}

interface Subject {
  readonly shape: Explained;
  readonly tables: Tables;
  readonly options: ExplainOptions;
  readonly statement: Statement;
}

interface Answer {
  readonly answer: readonly string[];
  readonly changed: number;
}

function answerText(lines: readonly string[], subject: Subject): Answer {
  const text = parseTextPlan(lines);
  const run = runOf(subject, text.nodes.map(displayedInText));
  const printed = printTextPlan(text, run.plan);
  if (printed === undefined) return { answer: lines, changed: 0 };
  const { options } = subject;
  const changed = options.analyze ? changedRows(run) : 0;
  return { answer: [...printed, ...tailLines(text.tail, run, subject)], changed };
}

function tailLines(tail: readonly string[], run: PlanRun, { options, statement }: Subject): string[] {
  const lines = tail.flatMap(visibleSettings);
  const isEstimated = options.analyze && options.verbose && lines.some((line) => line.startsWith("Planning Time: "));
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
  if (plan === undefined) return { answer: values, changed: 0 };
  const { options, statement } = subject;
  const { Plan: _, "Planning Time": planningMs, Settings: settings, ...rest } = shown;
  const isEstimated = options.analyze && options.verbose && planningMs !== undefined;
  const dpu = statementDpu(workOf(run, (planningMs ?? 0) + (shown["Execution Time"] ?? 0)));
  const explained = {
    Plan: plan,
    ...(settings && { Settings: Object.fromEntries(Object.entries(settings).filter(([name]) => isVisible(name))) }),
    ...(isEstimated && { "Query Identifier": queryIdentifier(statement.text.slice(options.queryStart)) }),
    ...(planningMs !== undefined && { "Planning Time": planningMs }),
    ...rest,
    ...(isEstimated && { "Statement DPU Estimate": dpuProperties(dpu) }),
  };
  return { answer: [JSON.stringify([explained], null, 2)], changed: options.analyze ? changedRows(run) : 0 };
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
      readonly UpdateStmt?: { readonly targetList?: readonly { readonly ResTarget?: { readonly name?: string } }[] };
    };
  };
}

function updatedColumns(statement: Statement): ReadonlySet<string> | undefined {
  if (statement.kind !== "write") return undefined;
  const tree = statement.analysis.tree as UpdateTree;
  const targets = tree.ExplainStmt?.query?.UpdateStmt?.targetList;
  return targets && new Set(targets.map(({ ResTarget }) => ResTarget?.name ?? ""));
}

/** Keeps the rows of a statement with one column, and passes on everything else. */
class RowsHeldBack implements Sink {
  readonly values: string[] = [];
  readonly #sink: Sink | undefined;

  /** @param sink - undefined: nothing of the statement is the client's */
  constructor(sink: Sink | undefined) {
    this.#sink = sink;
  }

  parsed(): void {
    this.#sink?.parsed();
  }

  bound(): void {
    this.#sink?.bound();
  }

  frame(frame: Buffer): void {
    if (frame[0] !== backendType.dataRow) this.#sink?.frame(frame);
    else this.values.push(decodeDataRow(frame)[0]?.toString("utf8") ?? "");
  }

  readonly isFull = false;

  drained(): Promise<void> {
    return Promise.resolve();
  }

  copyIn(): Promise<never> {
    return Promise.reject(new TypeError("EXPLAIN takes no data"));
  }
}
