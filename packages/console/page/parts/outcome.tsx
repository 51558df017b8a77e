/** What became of a statement: its rows, or its error in the service's words. */
import { duration, plural } from "./format.ts";
import type { Outcome, Result } from "../sql-api.ts";

export function OutcomeView({ outcome }: { outcome: Outcome }) {
  const { error, result, startedAtMs, endedAtMs } = outcome;
  const took = duration(endedAtMs - startedAtMs);
  if (error !== undefined)
    return (
      <div class="failed" role="alert">
        <b>{error.sqlstate}</b> {error.message}
        {error.detail !== undefined && <div>DETAIL: {error.detail}</div>}
        {error.hint !== undefined && <div>HINT: {error.hint}</div>}
      </div>
    );
  if (result === undefined) return null;
  return (
    <div class="outcome">
      {result.columns.length > 0 && <ResultTable result={result} />}
      <p class="muted">
        {summaryOf(result)}, {took}
      </p>
    </div>
  );
}

/** `3 rows`, `UPDATE, 1 row`. */
export function summaryOf({ columns, rows, isTruncated, command, changedRows }: Result): string {
  if (columns.length > 0 && changedRows === undefined)
    return `${isTruncated ? "the first " : ""}${plural(rows.length, "row")}`;
  return changedRows === undefined ? command || "done" : `${command}, ${plural(changedRows, "row")}`;
}

export function ResultTable({ result }: { result: Result }) {
  return (
    <div class="scroll" data-testid="result">
      <table>
        <thead>
          <tr>
            {result.columns.map((column, index) => (
              <th key={index}>{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {result.rows.map((row, index) => (
            <tr key={index}>
              {row.map((value, at) => (
                <td
                  key={at}
                  class={value === null ? "null" : typeof value === "number" ? "mono number" : "mono"}
                >
                  {textOf(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function textOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "string" ? value : JSON.stringify(value);
}
