/** An event as a log line: what happened, to whom, and no value of a row. */
import type { Commit, LogEvent } from "../base/index.ts";
import type { ObservedEvent } from "./event-feed.ts";
import { withoutValues } from "./without-values.ts";

export function logEventOf(observed: ObservedEvent): LogEvent {
  const event = observed.name.replace(/[A-Z]/, (letter) => `.${letter.toLowerCase()}`);
  if (observed.name !== "transactionLost") return { event, ...observed.payload };
  const { rows, statement, wrote, committed, ...loss } = observed.payload;
  return {
    event,
    ...loss,
    rowsShared: rows?.length,
    statement: statement === undefined ? undefined : withoutValues(statement),
    wrote: wrote.map(withoutValues),
    committed: committed.map(commitOf),
  };
}

function commitOf({ relations, statement, ...commit }: Commit): object {
  return { ...commit, relations: relations && [...relations], statement: withoutValues(statement) };
}
