/**
 * EXPLAIN in a session. PostgreSQL plans the statement, and with ANALYZE runs it; what it answers is held back, written anew
 * and sent to the client.
 *
 * The client's own EXPLAIN runs through its transaction unchanged, so its errors, its effects and their redo are those of
 * any statement. Before it the same statement is planned once more with VERBOSE in JSON, for the names that its text leaves out.
 *
 * Tests: test/explain.test.ts.
 */
import { SqlError } from "../base/index.ts";
import { unkept } from "../backend/index.ts";
import {
  answerWith,
  type Execution,
  InnerSink,
  type Outcome,
  PassingSink,
  type Sink,
  type Transaction,
} from "../transaction/index.ts";
import { backendType, decodeDataRow, encodeBackend, noBindArguments } from "../wire/index.ts";
import { answerOf } from "./answer.ts";
import { type ExplainOptions, explainOptions } from "./explain-options.ts";
import type { Explained } from "./postgres-plan.ts";
import { readTables } from "./table-facts.ts";

/** @throws {SqlError} PostgreSQL refuses the statement, or the rows that it changes are too many */
export async function explain(transaction: Transaction, execution: Execution, sink: Sink): Promise<Outcome> {
  const options = explainOptions(execution.statement);
  if (options === undefined) return await transaction.run(execution, sink);
  if (options.genericPlan && execution.bindArguments === noBindArguments) {
    return await explainGeneric(transaction, execution, options, sink);
  }
  const shape = await planShape(transaction, execution, options);
  const tables = await readTables(shape.Plan, (text, values) => transaction.request(text, values));
  const rows = new RowsHeldBack(sink);
  // The answer is whole before any of it goes out; the portal gives as many rows of it as are asked for.
  const outcome = await transaction.run({ ...execution, rowsMax: 0, rowsSent: 0, portal: "" }, rows);
  const { answer, changed } = answerOf(rows.values, {
    shape,
    tables,
    options,
    statement: execution.statement,
  });
  transaction.noteChangedRows(changed);
  for (const row of answer) sink.frame(encodeBackend.dataRow([row]));
  return outcome;
}

/** A plan for whatever the parameters will be: without ANALYZE, so nothing runs and nothing has to be redone. */
async function explainGeneric(
  transaction: Transaction,
  { statement, describe }: Execution,
  options: ExplainOptions,
  sink: Sink,
): Promise<Outcome> {
  const valuesOf = async (text: string): Promise<string[]> =>
    (await transaction.requestSimple(text)).map(([value]) => value ?? "");
  // The client's own first: its errors are in the client's words.
  const values = await valuesOf(statement.text);
  const shapeText = `EXPLAIN (VERBOSE, FORMAT JSON, GENERIC_PLAN) ${statement.text.slice(options.queryStart)}`;
  const [shape] = JSON.parse((await valuesOf(shapeText)).join("")) as [Explained];
  const tables = await readTables(shape.Plan, (text, known) => transaction.request(text, known));
  const { answer } = answerOf(values, { shape, tables, options, statement });
  const column = { name: "QUERY PLAN", typeOid: typeOids[options.format] ?? typeOids.text, typeSize: -1 };
  const rows = answer.map((line) => [line]);
  return answerWith(sink, { tag: "EXPLAIN", columns: [column], rows }, { describe });
}

/** Of the column, by the plan's format. Source: PostgreSQL, src/include/catalog/pg_type.dat. */
const typeOids: { readonly text: number; readonly [format: string]: number | undefined } = {
  text: 25,
  json: 114,
  xml: 142,
};

/** @throws {SqlError} PostgreSQL refuses the statement; the position is one of the client's text */
async function planShape(
  transaction: Transaction,
  execution: Execution,
  { genericPlan, queryStart }: ExplainOptions,
): Promise<Explained> {
  const { statement, prepared } = execution;
  const prefix = `EXPLAIN (VERBOSE, FORMAT JSON${genericPlan ? ", GENERIC_PLAN" : ""}) `;
  const text = prefix + statement.text.slice(queryStart);
  const rows = new RowsHeldBack(new InnerSink());
  try {
    await transaction.run(
      {
        // Like SHOW it neither writes nor locks, whatever the statement in it would.
        statement: { ...statement, kind: "show", name: "plan", text },
        prepared: unkept(text, prepared.parameterTypes),
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
  return new SqlError(
    { sqlstate, message, detail, hint, severity, position: position + characters },
    { cause: error },
  );
}

/** Keeps the rows of a statement with one column, and passes on everything else. */
class RowsHeldBack extends PassingSink {
  readonly values: string[] = [];

  frame(frame: Buffer): void {
    if (frame[0] !== backendType.dataRow) this.sink.frame(frame);
    else this.values.push(decodeDataRow(frame)[0]?.toString("utf8") ?? "");
  }
}
