/**
 * INSERT of a doomed transaction.
 *
 * The rows go into an empty temporary copy of the table, so that defaults, casts and checks are PostgreSQL's own while
 * no key of another transaction is in the way; with ON CONFLICT the rows that the new ones meet are put there first.
 * They are read back as images, and the copy is rolled back with everything else.
 */
import { quoteLiteral } from "@dsql-local/sql";
import { imageOf, insertRows, quoteName, sharesKeyOfImages, textArray } from "../../catalog/index.ts";
import { type Answer, answer } from "./answer.ts";
import type { ShadowAnswer, ShadowStatement } from "./shadow-statement.ts";
import { followReferences, needParents } from "./foreign-keys.ts";
import { checkUnique } from "./shadow-table.ts";
import { copyName, makeEmptyCopy } from "./temporary-copy.ts";

export async function insertInShadow(statement: ShadowStatement): Promise<ShadowAnswer> {
  const { hold, target, analysis } = statement;
  const { table } = target;
  const copy = copyName(table);
  const onConflict = analysis.dml?.onConflict !== undefined;
  // Without ON CONFLICT the copy has no unique index: keys are judged against the shadow below.
  await makeEmptyCopy(hold, table, onConflict ? "INCLUDING INDEXES" : "EXCLUDING INDEXES");
  if (onConflict) await fillWithRivals(statement, copy);
  const given = await answer(hold, statement.execution, insertText(statement, copy), statement.rowsMax);
  if (given.result.kind !== "complete") return given;
  const images = given.own.map(([image]) => image ?? "");
  const removed = onConflict ? await target.removeByKey(hold, images) : [];
  for (const image of images) target.add(image);
  if (!onConflict) await checkUnique(hold, target, images);
  await needParents(statement.keys, target, images);
  await followReferences(statement.keys, target, removed);
  return { result: { kind: "complete", tag: `INSERT 0 ${given.rows}` }, frames: given.frames };
}

/** @returns the statement with the copy as its target, its images in front of the client's columns */
function insertText(
  { substitution, analysis, execution, target }: ShadowStatement,
  copy: string,
): { text: string; ownColumns: number; hasRows: boolean } {
  const { dml } = analysis;
  if (dml === undefined) throw new TypeError("an INSERT has a shape");
  const row = imageOf(target.table, `${quoteName(dml.target.alias ?? dml.target.name)}.*`);
  const end = execution.statement.text.length;
  const head = substitution.part({ start: 0, end: dml.target.start }) + copy;
  if (dml.returning === undefined) {
    const tail = substitution.part({ start: dml.target.end, end });
    return { text: `${head}${tail}\nRETURNING ${row}`, ownColumns: 1, hasRows: false };
  }
  const middle = substitution.part({ start: dml.target.end, end: dml.returning.start });
  const list = substitution.part({ start: dml.returning.start, end });
  return { text: `${head}${middle}${row}, ${list}`, ownColumns: 1, hasRows: true };
}

/** Puts into the copy the rows of the shadow that share a unique key with one of the rows to insert. */
async function fillWithRivals(statement: ShadowStatement, copy: string): Promise<void> {
  const { hold, target } = statement;
  const { table } = target;
  const proposed = await proposedImages(statement, copy);
  if (proposed.own.length === 0) return;
  const images = quoteLiteral(textArray(proposed.own.map(([image]) => image ?? "")));
  const meets = table.uniqueKeys.map((key) => sharesKeyOfImages(table, key, images));
  if (meets.length === 0) return;
  await hold.request(
    `${insertRows(table, copy)} FROM ${target.source()} AS seen WHERE ${meets.join(" OR ")}`,
  );
}

/** The rows as they would be without their ON CONFLICT clause. */
async function proposedImages(statement: ShadowStatement, copy: string): Promise<Answer> {
  const { hold, analysis, substitution, execution, target } = statement;
  const { dml } = analysis;
  if (dml?.onConflict === undefined) throw new TypeError("only ON CONFLICT has rivals");
  const bare = `pg_temp.${quoteName("dsql proposed")}`;
  await hold.request(
    `CREATE TEMP TABLE ${quoteName("dsql proposed")} (LIKE ${copy} INCLUDING ALL EXCLUDING INDEXES) ON COMMIT DROP`,
  );
  const row = imageOf(target.table, `${quoteName(dml.target.alias ?? "dsql proposed")}.*`);
  const text =
    substitution.part({ start: 0, end: dml.target.start }) +
    bare +
    substitution.part({ start: dml.target.end, end: dml.onConflict.start }) +
    `\nRETURNING ${row}`;
  // An error comes again from the statement itself, and is told then.
  const proposed = { text, ownColumns: 1, hasRows: false };
  return await answer(hold, { ...execution, describe: false }, proposed, statement.rowsMax);
}
