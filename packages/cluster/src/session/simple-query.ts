/**
 * The simple Query message: one or more statements in a text; several are one implicit transaction.
 *
 * Source: PostgreSQL documentation, "Simple Query" and "Multiple Statements in a Simple Query".
 */
import type { Coordinator, Outcome } from "../transaction/index.ts";
import type { SqlParser, Statement } from "../sql/index.ts";
import { encodeBackend, noBindArguments } from "../wire/index.ts";
import { ClientSink } from "./client-sink.ts";
import type { ClientWriter } from "./client-writer.ts";
import type { FrameQueue } from "./frame-queue.ts";
import type { StatementRunner } from "./statement-runner.ts";

export interface SimpleQueryContext {
  readonly parser: SqlParser;
  readonly coordinator: Coordinator;
  readonly runner: StatementRunner;
  readonly writer: ClientWriter;
  readonly queue: FrameQueue;
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
  }
  await runner.endImplicit();
}

async function runOne(context: SimpleQueryContext, statement: Statement, isAlone: boolean): Promise<Outcome> {
  const execution = {
    statement,
    prepared: context.coordinator.prepare(statement.text, []),
    bindArguments: noBindArguments,
    describe: true,
    rowsMax: 0,
    portal: "",
    rowsSent: 0,
  };
  return await context.runner.run(execution, new SimpleSink(context), isAlone);
}

/** In the simple protocol a statement without rows is not described. */
class SimpleSink extends ClientSink {
  override frame(frame: Buffer): void {
    if (frame[0] !== noDataType) super.frame(frame);
  }
}

const noDataType = "n".charCodeAt(0);
