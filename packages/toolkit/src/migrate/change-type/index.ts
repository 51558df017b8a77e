/**
 * Another type for a column, which Aurora DSQL cannot alter: the steps that come to it, made when the database can be asked.
 *
 * - A column that nothing holds on to gets a second one beside it ({@link exchangeColumns}).
 * - Else the table is copied, compared and exchanged, with its indexes, constraints, grants, identity, statistics and
 *   comments ({@link copyTable}).
 * - What neither can carry along (views, functions, foreign keys of that very column) is refused before anything is changed.
 *
 * Source: Aurora DSQL's own skill for agents, ddl-migrations, "table recreation".
 * Tests: test/migrate-change-type.test.ts; test/migrate-kill.test.ts ends the process at every step.
 */
import type { Pool } from "pg";
import { MigrationError } from "../errors.ts";
import type { Step, TypeChange } from "../types.ts";
import { copyTable } from "./copy-table.ts";
import { exchangeColumns } from "./exchange-columns.ts";
import { blockersOf, isFreeStanding, readTable } from "./table-shape.ts";

type ChangeTypeStep = Extract<Step, { kind: "changeType" }>;

/** Says of a step which type change it is. */
export function essenceOf({ table, column, type, using = "" }: TypeChange): string {
  return `type of ${table}.${column}: ${type} ${using}`;
}

/**
 * @returns the steps that come to it, in their order
 * @throws {MigrationError} step: something holds on to the column that cannot be carried along
 */
export async function partsOf(pool: Pool, step: ChangeTypeStep): Promise<readonly Step[]> {
  const partOf = essenceOf(step);
  const shape = await readTable(pool, step);
  const isAlone = step.using === undefined && (await isFreeStanding(pool, step));
  if (!isAlone) await requireMovable(pool, step);
  const parts = isAlone ? await exchangeColumns(step) : await copyTable(step, shape);
  return parts.map((part) => ({ ...part, line: step.line, partOf }));
}

async function requireMovable(pool: Pool, step: ChangeTypeStep): Promise<void> {
  const blockers = await blockersOf(pool, step);
  if (blockers.length === 0) return;
  throw new MigrationError(
    "step",
    `the type of ${step.column} cannot be changed while there is ${blockers.join(", ")}`,
    { remedy: "Drop what is named before it, and make it again after it, in the same file." },
  );
}
