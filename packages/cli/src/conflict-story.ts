/** A conflict as people read it: who met whom where, in time, and what to do about it. */
import { type Conflict, withoutValues } from "@dsql-local/cluster";
import { type painter, withoutControl } from "./terminal.ts";

type Paint = ReturnType<typeof painter>;

/** The same without keys of rows and without values in statements. */
export function withoutData(conflict: Conflict): Conflict {
  const { rows, statement, wrote, winner, candidates } = conflict;
  const hidden = <Won extends { readonly statement: string }>(one: Won): Won => ({
    ...one,
    statement: withoutValues(one.statement),
  });
  return {
    ...conflict,
    rows: rows?.map((row) => Object.fromEntries(Object.keys(row).map((column) => [column, "?"]))),
    statement: statement === undefined ? undefined : withoutValues(statement),
    wrote: wrote.map(withoutValues),
    winner: winner && hidden(winner),
    candidates: candidates.map(hidden),
  };
}

/** @param times - how often it has been lost on this row */
export function conflictStory(conflict: Conflict, times: number, paint: Paint): string {
  const { atMs, occ, isInjected, winner, candidates } = conflict;
  const again = times > 1 ? `, lost on ${times} times` : "";
  const head = `${paint.dim(clock(atMs))} ${paint.red(occ)} ${place(conflict)}${again}${isInjected ? " (injected)" : ""}`;
  const events = [
    `  ${clock(conflict.startedAtMs)}  ${who(conflict)} takes its snapshot`,
    ...conflict.wrote.map((text) => `                writes    ${oneLine(text)}`),
    ...(winner ? [wonLine(winner, "commits first")] : candidates.map((one) => wonLine(one, "may have won"))),
    ...(conflict.statement === undefined ? [] : [`                meets it  ${oneLine(conflict.statement)}`]),
    `  ${clock(atMs)}  ${who(conflict)} ${paint.red("loses")}`,
  ];
  return [paint.bold(head), ...events, `  ${paint.dim(advice(conflict, times))}`, ""].join("\n");
}

function place({ relation, rows }: Conflict): string {
  if (relation === undefined) return "on a table that cannot be told";
  if (rows === undefined) return withoutControl(relation);
  const keys = rows.map((row) =>
    Object.entries(row)
      .map(([column, value]) => `${column}=${value}`)
      .join(", "),
  );
  return withoutControl(`${relation} (${keys.join("), (")})`);
}

function wonLine(winner: Conflict["candidates"][number], what: string): string {
  return `  ${clock(winner.atMs)}  ${who(winner)} ${what}: ${oneLine(winner.statement)}`;
}

function who({
  transaction,
  sessionId,
  role,
  applicationName,
}: Conflict | Conflict["candidates"][number]): string {
  const name = applicationName === "" ? role : `${applicationName} (${role})`;
  return withoutControl(`${name}, session ${sessionId}${transaction === "" ? "" : `, ${transaction}`}`);
}

function clock(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 23);
}

const lineCharactersMax = 160;

function oneLine(text: string): string {
  const line = withoutControl(text.replace(/\s+/g, " ").trim());
  return line.length > lineCharactersMax ? `${line.slice(0, lineCharactersMax)}…` : line;
}

/** Rows that are lost on so often are hot. */
const hotFrom = 3;

function advice({ occ, isInjected }: Conflict, times: number): string {
  if (isInjected) return "A fault on demand: dsql fault list shows it, dsql fault clear ends it.";
  if (occ === "OC001")
    return "Run the transaction again; change a schema while little runs. Guide: schema changes.";
  if (times >= hotFrom)
    return "A hot row: spread it over several, or insert and sum up. Guide: patterns, hot keys.";
  return "Run the transaction again from its BEGIN, after a short pause. Guide: transactions.";
}
