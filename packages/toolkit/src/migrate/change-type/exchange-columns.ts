/**
 * A second column of the new type. It is filled while writers go on; then the old one gets another name, so that nobody can
 * write it under the old; rows that had been written meanwhile are filled again; only then the new one is shown.
 */
import { quoteIdentifier } from "../../identifiers.ts";
import { readStatement } from "../../lint/index.ts";
import { batchedStatement } from "../batched.ts";
import { ddlStep } from "../ddl-step.ts";
import { fitted } from "../recipes.ts";
import type { Step, TypeChange } from "../types.ts";

const what = "fills a second column of the new type, and exchanges the two by their names";

export async function exchangeColumns({ table, column, type }: TypeChange): Promise<Step[]> {
  const name = quoteIdentifier(column);
  const next = quoteIdentifier(fitted([column], "next"));
  const old = quoteIdentifier(fitted([column], "old"));
  const ddl = (action: string): Promise<Step> =>
    ddlStep({ sql: `ALTER TABLE ${table} ${action}`, line: 0, changes: [what] });
  const fill = (from: string): Promise<Step> =>
    batches(
      `UPDATE ${table} SET ${next} = CAST(${from} AS ${type}) WHERE ${next} IS DISTINCT FROM CAST(${from} AS ${type})`,
    );
  return [
    await ddl(`ADD COLUMN ${next} ${type}`),
    await fill(name),
    await ddl(`RENAME COLUMN ${name} TO ${old}`),
    await fill(old),
    await ddl(`RENAME COLUMN ${next} TO ${name}`),
    await ddl(`DROP COLUMN ${old}`),
  ];
}

async function batches(sql: string): Promise<Step> {
  const statement = await readStatement(sql);
  const batched = statement && batchedStatement(statement);
  if (batched === undefined) throw new TypeError("an UPDATE of one table runs in batches");
  return { kind: "batches", line: 0, changes: [what], batched };
}
