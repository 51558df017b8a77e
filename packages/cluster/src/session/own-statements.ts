/**
 * Statements that the session answers itself, with PostgreSQL's help where rows or system tables are needed.
 */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";
import { defineIndex, type IndexStatement } from "../jobs/index.ts";
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

const textType = { typeOid: 25, typeSize: -1 };
const booleanType = { typeOid: 16, typeSize: 1 };

/**
 * CREATE INDEX ASYNC: checked now, built by a job that is submitted with the COMMIT; the answer is the job's identifier.
 *
 * @throws {SqlError} the definition is refused
 */
export async function createIndexAsync(
  context: OwnContext,
  statement: IndexStatement,
  execution: Execution,
  sink: Sink,
): Promise<Outcome> {
  const { block, role, services } = context;
  const transaction = block.enter();
  transaction.noteCatalogChange(new Set([statement.table.name]));
  const definition = await defineIndex(transaction, statement, block.settings.searchPath(role));
  sink.parsed();
  sink.bound();
  if (execution.describe) sink.frame(encodeBackend.rowDescription([{ name: "job_id", ...textType }]));
  if (definition === undefined) {
    const message = `relation "${statement.index ?? ""}" already exists, skipping`;
    sink.frame(encodeBackend.noticeResponse({ severity: "NOTICE", sqlstate: "42P07", message }));
    return { kind: "complete", tag: "CREATE INDEX" };
  }
  const jobId = services.jobs.newJobId();
  transaction.afterCommit(() => services.jobs.submitIndex({ ...definition, jobId, role }));
  sink.frame(encodeBackend.dataRow([jobId]));
  return { kind: "complete", tag: "CREATE INDEX" };
}

/** AWS IAM GRANT and REVOKE. @throws {SqlError} only `admin` may; the role or the ARN is not acceptable */
export async function changeMapping(
  context: OwnContext,
  statement: Extract<Statement, { kind: "iamGrant" | "iamRevoke" }>,
  sink: Sink,
): Promise<Outcome> {
  const { block, role } = context;
  if (role !== "admin") {
    throw SqlError.of(errors.iamGrantDenied(statement.role));
  }
  if (!/^arn:aws[a-z-]*:iam::\d{12}:(?:role|user)\/[\w+=,.@/-]+$/.test(statement.arn)) {
    throw SqlError.of(errors.iamArnMalformed);
  }
  const transaction = block.enter();
  // A mapping concerns whoever connects next, no relation.
  transaction.noteCatalogChange(new Set());
  const change = statement.kind === "iamGrant" ? "iam_grant" : "iam_revoke";
  await transaction.request(`SELECT pg_dsql.${change}($1, $2)`, [statement.role, statement.arn]);
  sink.parsed();
  sink.bound();
  return { kind: "complete", tag: statement.kind === "iamGrant" ? "AWS IAM GRANT" : "AWS IAM REVOKE" };
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

/** DDL as PostgreSQL runs it, counted by the rules of one DDL statement per transaction. */
export function noteDdl(
  block: Block,
  statement: Extract<Statement, { kind: "ddl" | "validateConstraintAsync" }>,
): void {
  const relations = statement.kind === "ddl" ? statement.relations : [statement.table.name];
  const isCreation = statement.kind === "ddl" && statement.command.startsWith("CREATE ");
  block.enter().noteCatalogChange(relations === undefined ? undefined : new Set(relations), isCreation);
}
