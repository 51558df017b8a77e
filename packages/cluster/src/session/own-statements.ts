/**
 * Statements that the session answers itself, with PostgreSQL's help where rows or system tables are needed.
 */
import { errors } from "@dsql-local/spec";
import { defined, SqlError } from "../base/index.ts";
import type { JobIdSource, Statement } from "../sql/index.ts";
import { unkept } from "../backend/index.ts";
import {
  answerWith,
  describe,
  type Execution,
  InnerSink,
  type Outcome,
  type Sink,
} from "../transaction/index.ts";
import { backendType, type BindArguments, decodeBindArguments, decodeDataRow } from "../wire/index.ts";
import type { Block } from "./block.ts";
import { waitForJobColumns } from "./own-descriptions.ts";
import type { SessionServices } from "./services.ts";

export interface OwnContext {
  readonly services: SessionServices;
  readonly role: string;
  readonly block: Block;
  /** Set while a statement waits for a job. */
  readonly cancelled: AbortSignal;
}

/** CALL sys.wait_for_job. @throws {SqlError} inside a block, or the text is no job identifier */
export async function waitForJob(
  context: OwnContext,
  statement: Extract<Statement, { kind: "waitForJob" }>,
  execution: Execution,
  sink: Sink,
): Promise<Outcome> {
  if (context.block.transaction !== undefined) {
    throw SqlError.of(errors.waitForJobInBlock);
  }
  const id = await jobIdOf(context, statement.jobId, execution);
  const completed = await context.services.jobs.wait(id, context.cancelled);
  const rows = [[completed ? "t" : "f"]];
  return answerWith(sink, { tag: "CALL", columns: waitForJobColumns, rows }, execution);
}

/** @throws {SqlError} there is no identifier, or PostgreSQL refuses the expression for it */
async function jobIdOf(context: OwnContext, jobId: JobIdSource, execution: Execution): Promise<string> {
  if (typeof jobId === "string") return jobId;
  if ("query" in jobId) return await evaluated(context, jobId.query, execution);
  return parameterText(decodeBindArguments(execution.bindArguments), jobId.parameter);
}

/** The expression is evaluated by PostgreSQL in a transaction of its own, which is over before the waiting begins. */
async function evaluated({ services, block }: OwnContext, query: string, call: Execution): Promise<string> {
  const { parser } = services;
  const transaction = block.enter();
  // Whether there is such a procedure for it, PostgreSQL says in the words of the CALL.
  await transaction.useBackend((hold) => describe(hold.lease.backend, call.prepared));
  const statement = defined(parser.parse(query).statements[0], "a SELECT is one statement");
  const prepared = unkept(statement.text, call.prepared.parameterTypes);
  const frames: Buffer[] = [];
  const selected = { ...call, statement, prepared, describe: false, rowsMax: 0, rowsSent: 0, portal: "" };
  await transaction.run(selected, new InnerSink({ frames }));
  await block.commit();
  const row = frames.find((frame) => frame[0] === backendType.dataRow);
  return row === undefined ? "" : (decodeDataRow(row)[0]?.toString("utf8") ?? "");
}

function parameterText({ values }: BindArguments, parameter: number): string {
  const value = values[parameter - 1];
  if (value === undefined || value === null) {
    throw SqlError.of(errors.jobIdMalformed);
  }
  return value.toString("utf8");
}
