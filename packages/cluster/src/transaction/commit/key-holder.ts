/**
 * Tells a violated key from a lost race. PostgreSQL looks keys up in the present: it reports 23505 for a row that the
 * transaction sees, which is the client's own error, and for one committed since its snapshot, by which it has lost. With
 * 23503 it refuses to remove a row that somebody references, seen or not.
 *
 * All of it is asked as the role whose statement it is, in its snapshot: keys may be computed by functions of clients.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL", conflict matrix; on DSQL a child's insertion counts
 * as FOR KEY SHARE of its parent.
 * Tests: test/unique-keys.test.ts, conformance/isolation/foreign-key-child-after-the-snapshot.script.
 */
import type { Statement } from "../../sql/index.ts";
import type { ErrorFieldMap } from "../../wire/index.ts";
import { calledBy, seesReportedKey, seesReportedReference } from "../../catalog/index.ts";
import type { Execution } from "../exchange/execution.ts";
import type { Hold } from "../hold.ts";
import type { TransactionServices } from "../services.ts";
import { insertAgain } from "./insert-again.ts";

/** `askShadow`: what the statement answers in the transaction's snapshot decides. */
export type KeyHolder = "itself" | "another" | "askShadow";

export interface RefusedStatement {
  readonly execution: Execution;
  readonly searchPath: readonly string[];
}

/**
 * @param hold - of the transaction, with its effects in place up to the refused statement
 * @param fields - of PostgreSQL's 23505
 * @param refused - undefined: PostgreSQL has refused it at COMMIT
 */
export async function whoHoldsKey(
  services: TransactionServices,
  hold: Hold,
  fields: ErrorFieldMap,
  refused: RefusedStatement | undefined,
): Promise<KeyHolder> {
  const statement = refused?.execution.statement;
  if (refused !== undefined && statement?.kind === "write") {
    const { command, dml, hasDataModifyingCte } = statement.analysis;
    const isPlainInsert = command === "insert" && !hasDataModifyingCte && dml?.onConflict === undefined;
    if (isPlainInsert && dml !== undefined) {
      const inTheWay = await insertAgain(hold, refused.execution, dml);
      if (inTheWay !== "unknown") return inTheWay === "seen" ? "itself" : "another";
    } else if (await isShadowsToTell(services, hold, fields, statement, refused.searchPath))
      return "askShadow";
  }
  const isSeen = await seesReportedKey(hold, fields);
  if (isSeen !== false) return "itself";
  // Two rows of one statement or function may have it, so that nobody sees it.
  const { role, settings } = hold.lease.backend;
  const isThereNow = await services.outside({ role, settings }, (outside) =>
    seesReportedKey(outside, fields),
  );
  return isThereNow === true ? "another" : "itself";
}

/**
 * @param hold - as for `whoHoldsKey`
 * @param fields - of PostgreSQL's 23503
 * @param isAtCommit - the transaction's effects are all in place
 */
export async function whoReferences(
  hold: Hold,
  fields: ErrorFieldMap,
  isAtCommit: boolean,
): Promise<KeyHolder> {
  return (await seesReportedReference(hold, fields, isAtCommit)) === false ? "another" : "itself";
}

/** The key is of a table that the statement itself names: no function and no foreign key has written there for it. */
async function isShadowsToTell(
  { catalog }: TransactionServices,
  hold: Hold,
  fields: ErrorFieldMap,
  statement: Extract<Statement, { kind: "write" }>,
  searchPath: readonly string[],
): Promise<boolean> {
  if (hold.redo.isUnrepeatable) return false;
  const { writing } = await catalog.functions();
  const { analysis } = statement;
  if (calledBy(analysis).some((name) => writing.has(name))) return false;
  const tables = await catalog.tablesOf(statement, searchPath);
  return analysis.relations.some((relation) => {
    const table = relation.role === "target" ? tables.of(relation) : undefined;
    return table !== undefined && table.schema === fields.get("s") && table.name === fields.get("t");
  });
}
