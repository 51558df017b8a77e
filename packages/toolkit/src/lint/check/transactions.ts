/**
 * What statements may share a transaction: one DDL statement, no DDL together with DML, 3,000 changed rows.
 *
 * Statements come in the order of the text. A block is from BEGIN to COMMIT or ROLLBACK; outside blocks those with the same
 * `group` share a transaction: a message of several statements, a file that a tool runs at once.
 *
 * Source: https://github.com/Dreamescaper/dsql-emulator (recordings of a real cluster). Tests: transactions.test.ts.
 */
import { errors, limits } from "@dsql-local/spec";
import type { ParsedStatement } from "../read/statement.ts";
import type { Problem } from "../types.ts";
import { rowsWritten } from "./limits.ts";
import { placeOfHead } from "./place.ts";

export interface Step<Where> {
  readonly statement: ParsedStatement;
  /** undefined: a transaction of its own. */
  readonly group: string | undefined;
  /** What put the statements of the group together, for the message: `Prisma sends the file as one message`. */
  readonly groupReason?: string;
  /** Handed back with a problem. */
  readonly where: Where;
}

export interface StepProblem<Where> {
  readonly problem: Problem;
  readonly where: Where;
}

export function transactionProblems<Where>(steps: readonly Step<Where>[]): StepProblem<Where>[] {
  return transactionsOf(steps).flatMap(problemsIn);
}

interface Transaction<Where> {
  readonly steps: Step<Where>[];
  readonly isBlock: boolean;
}

function transactionsOf<Where>(steps: readonly Step<Where>[]): Transaction<Where>[] {
  const transactions: Transaction<Where>[] = [];
  const start = (isBlock: boolean): Transaction<Where> => {
    const transaction = { steps: [], isBlock };
    transactions.push(transaction);
    return transaction;
  };
  let block: Transaction<Where> | undefined;
  const openGroups = new Map<string, Transaction<Where>>();
  for (const step of steps) {
    const { kind } = step.statement;
    // BEGIN within a block begins nothing: PostgreSQL warns, and the block goes on.
    if (kind === "begin") block ??= start(true);
    else if (kind === "commit" || kind === "rollback") {
      block = undefined;
      openGroups.clear();
    } else {
      const open = block ?? openGroups.get(step.group ?? "") ?? start(false);
      if (block === undefined && step.group !== undefined) openGroups.set(step.group, open);
      open.steps.push(step);
    }
  }
  return transactions;
}

function problemsIn<Where>(transaction: Transaction<Where>): StepProblem<Where>[] {
  const { steps, isBlock } = transaction;
  if (steps.length < 2 && !isBlock) return [];
  return [...severalDdl(transaction), ...ddlWithDml(transaction), ...onlyOutside(steps), ...manyRows(steps)];
}

const is = (kind: ParsedStatement["kind"]) => (step: Step<unknown>) => step.statement.kind === kind;

/** One finding a transaction: what is refused first ends it. */
function severalDdl<Where>({ steps, isBlock }: Transaction<Where>): StepProblem<Where>[] {
  const ddl = steps.filter(is("ddl"));
  const second = ddl[1];
  if (second === undefined) return [];
  return [
    at(
      second,
      "one-ddl-per-transaction",
      `${errors.multipleDdl.message}: this one holds ${ddl.length}${because(second, isBlock)}`,
    ),
  ];
}

function ddlWithDml<Where>({ steps, isBlock }: Transaction<Where>): StepProblem<Where>[] {
  const firstDdl = steps.findIndex(is("ddl"));
  const firstWrite = steps.findIndex(is("write"));
  if (firstDdl < 0 || firstWrite < 0) return [];
  const offending = steps[Math.max(firstDdl, firstWrite)];
  if (offending === undefined) return [];
  return [at(offending, "ddl-with-dml", `${errors.ddlWithDml.message}${because(offending, isBlock)}`)];
}

function onlyOutside<Where>(steps: readonly Step<Where>[]): StepProblem<Where>[] {
  return steps
    .filter((step) => is("waitForJob")(step) || is("analyze")(step))
    .map((step) => {
      const what = step.statement.kind === "analyze" ? "ANALYZE" : "CALL sys.wait_for_job()";
      return at(step, "only-outside-transaction", `${what} cannot run inside a transaction block`);
    });
}

/** A statement that alone is too much says so itself. */
function manyRows<Where>(steps: readonly Step<Where>[]): StepProblem<Where>[] {
  const rowsMax = limits.rowsPerTransactionMax.value;
  let rows = 0;
  for (const step of steps) {
    const own = rowsWritten(step.statement);
    if (own > rowsMax) return [];
    rows += own;
    if (rows > rowsMax) {
      const message = `${limits.rowsPerTransactionMax.message}: the transaction writes ${rows} rows up to here`;
      return [at(step, "rows-per-transaction", message)];
    }
  }
  return [];
}

/** Who wrote BEGIN knows what holds the statements together. */
const because = ({ groupReason }: Step<unknown>, isBlock: boolean): string =>
  groupReason === undefined || isBlock ? "" : ` (${groupReason})`;

function at<Where>(step: Step<Where>, ruleId: string, message: string): StepProblem<Where> {
  return { problem: { ruleId, message, ...placeOfHead(step.statement) }, where: step.where };
}
