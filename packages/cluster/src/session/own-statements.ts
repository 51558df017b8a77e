/**
 * Statements that the session answers itself, with PostgreSQL's help where rows or system tables are needed.
 */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";
import type { Statement } from "../sql/index.ts";
import type { Execution, Outcome, Sink } from "../transaction/index.ts";
import { type BindArguments, decodeBindArguments, encodeBackend } from "../wire/index.ts";
import type { Block } from "./block.ts";
import type { SessionServices } from "./services.ts";

export interface OwnContext {
  readonly services: SessionServices;
  readonly role: string;
  readonly block: Block;
  /** Set while a statement waits for a job. */
  readonly cancelled: AbortSignal;
}

const booleanType = { typeOid: 16, typeSize: 1 };

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
  const { jobId } = statement;
  const id =
    typeof jobId === "string"
      ? jobId
      : parameterText(decodeBindArguments(execution.bindArguments), jobId.parameter);
  const completed = await context.services.jobs.wait(id, context.cancelled);
  sink.parsed();
  sink.bound();
  if (execution.describe)
    sink.frame(encodeBackend.rowDescription([{ name: "wait_for_job", ...booleanType }]));
  sink.frame(encodeBackend.dataRow([completed ? "t" : "f"]));
  return { kind: "complete", tag: "CALL" };
}

function parameterText({ values }: BindArguments, parameter: number): string {
  const value = values[parameter - 1];
  if (value === undefined || value === null) {
    throw SqlError.of(errors.jobIdMalformed);
  }
  return value.toString("utf8");
}
