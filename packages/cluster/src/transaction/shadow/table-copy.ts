/**
 * Writing statements of a doomed transaction that no SELECT can stand for: data-modifying CTEs, an assignment to a
 * part of a column. They run on temporary copies of the tables they write, which become the shadow.
 *
 * A copy costs as much as the table is large, so a large table is refused: the client hears 40001 at this statement
 * already instead of at COMMIT (docs/compatibility.md).
 */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../../base/index.ts";
import type { Analysis } from "../../sql/index.ts";
import { imageOf, insertRows, quoteName } from "../../catalog/index.ts";
import type { Execution } from "../exchange/execution.ts";
import type { Hold } from "../hold.ts";
import { answer } from "./answer.ts";
import type { ShadowAnswer } from "./shadow-statement.ts";
import { checkWholeTable, type ForeignKeyContext } from "./foreign-keys.ts";
import { shadowBytesMax, type ShadowTable } from "./shadow-table.ts";
import { makeEmptyCopy } from "./temporary-copy.ts";
import type { Substitution } from "./substitution.ts";

/** Rows copied at most for one table. */
const copiedRowsMax = 50_000;

export interface CopyStatement {
  readonly hold: Hold;
  readonly execution: Execution;
  readonly analysis: Analysis;
  readonly substitution: Substitution;
  readonly targets: readonly ShadowTable[];
  readonly keys: ForeignKeyContext;
}

export async function runOnCopies(statement: CopyStatement): Promise<ShadowAnswer> {
  const { hold, execution, analysis } = statement;
  const distinct = new Set(statement.targets);
  for (const target of distinct) await makeCopy(hold, target);
  const hasRows = analysis.hasReturning || ["select", "explain"].includes(analysis.command);
  const given = await answer(hold, execution, { text: textOnCopies(statement), ownColumns: 0, hasRows });
  if (given.result.kind !== "complete") return given;
  for (const target of distinct) await takeOver(hold, target);
  for (const target of distinct) await checkWholeTable(statement.keys, target);
  return { result: given.result, frames: given.frames };
}

async function makeCopy(hold: Hold, target: ShadowTable): Promise<void> {
  const { table } = target;
  const counted = await hold.request(
    `SELECT pg_catalog.count(*), pg_catalog.sum(pg_catalog.octet_length(image))
     FROM (SELECT ${imageOf(table, "seen.*")} AS image FROM ${target.source()} AS seen LIMIT ${copiedRowsMax + 1}) AS counted`,
  );
  const [count, bytes] = (counted.rows[0] ?? []).map(Number);
  if ((count ?? 0) > copiedRowsMax || (bytes ?? 0) > shadowBytesMax) throw SqlError.of(errors.dataConflict);
  await makeEmptyCopy(hold, table, "INCLUDING INDEXES");
  await hold.request(
    `${insertRows(table, `pg_temp.${quoteName(table.name)}`)} FROM ${target.source()} AS seen`,
  );
}

/** The statement with each name of a copied table, read or written, leading to its copy. */
function textOnCopies({ execution, analysis, targets, substitution }: CopyStatement): string {
  const { text } = execution.statement;
  const names = new Set(targets.map((target) => target.table.name));
  const relations = analysis.relations.filter((relation) => names.has(relation.name));
  let rendered = "";
  let at = 0;
  for (const relation of [...relations].sort((left, right) => left.start - right.start)) {
    rendered += substitution.part({ start: at, end: relation.start }) + `pg_temp.${quoteName(relation.name)}`;
    at = relation.end;
  }
  return rendered + substitution.part({ start: at, end: text.length });
}

async function takeOver(hold: Hold, target: ShadowTable): Promise<void> {
  const name = quoteName(target.table.name);
  const { rows } = await hold.request(
    `SELECT ${imageOf(target.table, `${name}.*`)} FROM pg_temp.${name} AS ${name}`,
  );
  target.become(rows.map(([row]) => row ?? ""));
}
