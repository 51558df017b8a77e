/** Answers that the cluster gives itself: to a statement that PostgreSQL does not see, or has been asked in another form. */
import { type ColumnDescription, encodeBackend } from "../../wire/index.ts";
import type { Execution, Outcome, Sink } from "./execution.ts";

export interface OwnAnswer {
  readonly tag: string;
  /** Told where the client wants to hear of them; a statement without rows has none. */
  readonly columns?: readonly ColumnDescription[];
  readonly rows?: readonly (readonly (string | null)[])[];
  /** A NOTICE: its SQLSTATE and text. */
  readonly notice?: { readonly sqlstate: string; readonly message: string };
}

/** Text and parameters are good: what was held back until PostgreSQL said so may go out. */
export function acknowledge(sink: Sink): void {
  sink.parsed();
  sink.bound();
}

/** The whole of an answer, in the order in which PostgreSQL sends it. */
export function answerWith(
  sink: Sink,
  { tag, columns, rows = [], notice }: OwnAnswer,
  { describe }: Pick<Execution, "describe"> = { describe: false },
): Outcome {
  acknowledge(sink);
  if (describe && columns !== undefined) sink.frame(encodeBackend.rowDescription(columns));
  if (notice !== undefined) sink.frame(encodeBackend.noticeResponse({ severity: "NOTICE", ...notice }));
  for (const row of rows) sink.frame(encodeBackend.dataRow(row));
  return { kind: "complete", tag };
}
