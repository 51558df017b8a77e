/** The statements that leave a job: checked now, done by a job that is submitted with the COMMIT. */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";
import type { JobTask } from "../jobs/index.ts";
import {
  answerWith,
  type Execution,
  type Outcome,
  type Sink,
  type Transaction,
} from "../transaction/index.ts";
import { defineValidation, type ValidateStatement } from "./constraint-validation.ts";
import { checkContext, type DdlContext } from "./context.ts";
import { defineIndex, type IndexStatement } from "./index-definition.ts";

/** @throws {SqlError} the definition is refused */
export async function createIndexAsync(
  context: DdlContext,
  statement: IndexStatement,
  execution: Execution,
  sink: Sink,
): Promise<Outcome> {
  const transaction = enter(context, "CREATE INDEX");
  const task = await defineIndex(transaction, statement, {
    ...checkContext(context, transaction),
    unbegun: context.services.jobs.unbegun(({ type }) => type === "INDEX_BUILD"),
  });
  if (task !== undefined) return submit(context, { transaction, task, tag: "CREATE INDEX" }, execution, sink);
  transaction.leaveCatalog();
  return skipped(
    `relation "${statement.index ?? ""}" already exists, skipping`,
    "CREATE INDEX",
    execution,
    sink,
  );
}

/** @throws {SqlError} there is nothing of the kind to validate */
export async function validateConstraintAsync(
  context: DdlContext,
  statement: ValidateStatement,
  execution: Execution,
  sink: Sink,
): Promise<Outcome> {
  const transaction = enter(context, "ALTER TABLE");
  const { ask, searchPath } = checkContext(context, transaction);
  const task = await defineValidation(ask, statement, searchPath);
  if (task !== undefined) return submit(context, { transaction, task, tag: "ALTER TABLE" }, execution, sink);
  transaction.leaveCatalog();
  return skipped(
    `relation "${statement.table.name}" does not exist, skipping`,
    "ALTER TABLE",
    execution,
    sink,
  );
}

/**
 * The catalog changes with the job: when its index is there, and when it ends. So the statement itself loses to no other
 * change of the table, such as the end of the build before it.
 *
 * @throws {SqlError} 25006 the block is READ ONLY
 */
function enter({ block }: DdlContext, command: string): Transaction {
  const transaction = block.enter();
  // The job writes, not this statement: PostgreSQL would not notice.
  if (transaction.isReadOnly) throw SqlError.of(errors.readOnlyTransaction(command));
  transaction.noteCatalogChange(new Set());
  return transaction;
}

interface Submission {
  readonly transaction: Transaction;
  readonly task: JobTask;
  readonly tag: string;
}

/** The answer is one row with the job's identifier. */
function submit(
  { services: { jobs }, role }: DdlContext,
  { transaction, task, tag }: Submission,
  execution: Execution,
  sink: Sink,
): Outcome {
  const jobId = jobs.newJobId();
  transaction.afterCommit(() => jobs.submit({ ...task, jobId, role }));
  return answerWith(sink, { tag, columns: jobColumns, rows: [[jobId]] }, execution);
}

function skipped(message: string, tag: string, execution: Execution, sink: Sink): Outcome {
  return answerWith(sink, { tag, columns: jobColumns, notice: { sqlstate: "42P07", message } }, execution);
}

const jobColumns = [{ name: "job_id", typeOid: 25, typeSize: -1 }];
