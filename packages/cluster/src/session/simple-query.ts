/**
 * The simple Query message: one or more statements in a text; several are one implicit transaction.
 *
 * Source: PostgreSQL documentation, "Simple Query" and "Multiple Statements in a Simple Query".
 */
import { countCharacters, lex } from "@dsql-local/sql";
import { type MemoryAccount, SqlError } from "../base/index.ts";
import type { SqlParser, Statement } from "../sql/index.ts";
import type { Outcome } from "../transaction/index.ts";
import { encodeBackend, noBindArguments } from "../wire/index.ts";
import { ClientSink } from "./client-sink.ts";
import type { ClientWriter } from "./client-writer.ts";
import { explainOptions } from "../explain/index.ts";
import type { FrameQueue } from "./frame-queue.ts";
import type { StatementRunner } from "./statement-runner.ts";

export interface SimpleQueryContext {
  readonly parser: SqlParser;
  readonly runner: StatementRunner;
  readonly writer: ClientWriter;
  readonly queue: FrameQueue;
  readonly memory: MemoryAccount;
}

/** @throws {SqlError} a statement failed; the rest of the text is not run */
export async function runSimpleQuery(context: SimpleQueryContext, text: string): Promise<void> {
  const { parser, runner, writer } = context;
  const { statements } = parser.parse(text);
  if (statements.length === 0) {
    writer.write(encodeBackend.emptyQueryResponse());
    return;
  }
  for (const statement of statements) {
    const outcome = await runOne(context, statement, statements.length === 1);
    if (outcome.kind === "complete") writer.write(encodeBackend.commandComplete(outcome.tag));
    else writer.write(encodeBackend.emptyQueryResponse());
    // One text may hold more statements than answers fit in the socket of a client that does not read.
    if (writer.isFull) await writer.drained();
  }
  await runner.endImplicit();
}

async function runOne(context: SimpleQueryContext, statement: Statement, isAlone: boolean): Promise<Outcome> {
  refuseParameters(context.runner, statement);
  const execution = {
    statement,
    prepared: context.runner.prepare(statement, []),
    bindArguments: noBindArguments,
    describe: true,
    rowsMax: 0,
    portal: "",
    rowsSent: 0,
  };
  const sink = new SimpleSink(context);
  try {
    return await context.runner.run(execution, sink, isAlone);
  } finally {
    sink.end();
  }
}

/**
 * A simple Query brings no values, so PostgreSQL knows no parameter in it. Only a generic plan is made without values, and
 * EXPLAIN (GENERIC_PLAN) is how psql asks for one.
 *
 * @throws {SqlError} 42P02 where the first parameter is; before that, what the block or a rule refuses
 */
function refuseParameters(runner: StatementRunner, statement: Statement): void {
  const { kind, text } = statement;
  // Cheap and sure for the statements without.
  if ((kind !== "read" && kind !== "write") || !text.includes("$")) return;
  const first = lex(text).find((lexeme) => lexeme.kind === "parameter");
  if (first === undefined || explainOptions(statement)?.genericPlan === true) return;
  runner.refuse(statement);
  throw new SqlError({
    sqlstate: "42P02",
    message: `there is no parameter ${text.slice(first.start, first.end)}`,
    position: statement.positionInSource(countCharacters(text, first.start) + 1),
  });
}

/** In the simple protocol a statement without rows is not described. */
class SimpleSink extends ClientSink {
  override frame(frame: Buffer): void {
    if (frame[0] !== noDataType) super.frame(frame);
  }
}

const noDataType = "n".charCodeAt(0);
