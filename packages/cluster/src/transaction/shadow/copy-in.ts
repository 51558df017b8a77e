/**
 * COPY … FROM STDIN of a doomed transaction: like INSERT, into an empty temporary copy of the table.
 */
import { applyEdits } from "@dsql-local/sql";
import { unkept } from "../../backend/index.ts";
import { imageOf, quoteName } from "../../catalog/index.ts";
import type { Sink } from "../exchange/execution.ts";
import { StatementExchange, statementFrames } from "../exchange/statement-exchange.ts";
import type { ShadowAnswer, ShadowStatement } from "./shadow-statement.ts";
import { needParents } from "./foreign-keys.ts";
import { checkUnique } from "./shadow-table.ts";
import { makeEmptyCopy } from "./temporary-copy.ts";

/** @param sink - gives the data */
export async function copyInShadow(statement: ShadowStatement, sink: Sink): Promise<ShadowAnswer> {
  const { hold, execution, target } = statement;
  const name = quoteName(target.table.name);
  await makeEmptyCopy(hold, target.table, "EXCLUDING INDEXES");
  const { backend } = hold.lease;
  const text = unkept(textOnCopy(statement));
  const exchange = new StatementExchange(backend, text, { heldIn: hold.held, sink });
  const frames = statementFrames(backend, { ...execution, prepared: text, describe: false }, false);
  backend.send(Buffer.concat(frames), exchange);
  const result = await hold.watched(() => exchange.result);
  if (result.kind !== "complete") return { result, frames: [] };
  const { rows } = await hold.request(
    `SELECT ${imageOf(target.table, `${name}.*`)} FROM pg_temp.${name} AS ${name}`,
  );
  const images = rows.map(([image]) => image ?? "");
  for (const image of images) target.add(image);
  await checkUnique(hold, target, images);
  await needParents(statement.keys, target, images);
  return { result, frames: [] };
}

function textOnCopy({ execution, analysis, target }: ShadowStatement): string {
  const { text } = execution.statement;
  const relation = analysis.relations.find(({ role }) => role === "target");
  if (relation === undefined) throw new TypeError("COPY names its table");
  return applyEdits(text, [{ ...relation, text: `pg_temp.${quoteName(target.table.name)}` }]);
}
