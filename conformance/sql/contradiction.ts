/** Holds an answer against what a script claims of it. */
import type { Answer } from "../client/index.ts";
import { sameRows, showRows } from "../script/lines.ts";
import type { SqlClaim } from "./script.ts";

/** @returns how the answer is not as claimed; undefined when it is */
export function contradiction(claim: SqlClaim, answer: Answer, sql: string): string | undefined {
  const { error, rows, tag } = answer;
  switch (claim.kind) {
    case "fails": {
      const wanted = `${claim.sqlstate}: ${claim.message ?? "…"}`;
      if (error === undefined) return `expected ${wanted}, but it answered ${tag ?? showRows(rows)}`;
      const isSame = error.sqlstate === claim.sqlstate && (claim.message ?? error.text) === error.text;
      return isSame ? undefined : `expected ${wanted}, but got ${error.message}`;
    }
    case "position":
      return error?.fields["P"] === claim.position
        ? undefined
        : `expected the error at position ${claim.position}, but it is ${error?.fields["P"] ?? "without one"}`;
    case "detail":
    case "hint": {
      const text = error?.fields[claim.kind === "detail" ? "D" : "H"];
      return claim.pattern.test(text ?? "")
        ? undefined
        : `expected a ${claim.kind} like ${claim.pattern.source}, but it is ${text ?? "without one"}`;
    }
    case "columns": {
      const names = answer.columns.map(({ name }) => name).join(", ");
      return names === claim.names.join(", ")
        ? undefined
        : `expected the columns ${claim.names.join(", ")}, but got ${names}`;
    }
    case "keep":
      return (rows[0]?.[0] ?? null) === null ? `there is no value to keep as ${claim.name}` : undefined;
    case "becomes":
    case "gives":
      return sameRows(claim.rows, rows, sql)
        ? undefined
        : `expected ${showRows(claim.rows)}, but got ${showRows(rows)}`;
    case "matches":
      return claim.pattern.test(showRows(rows))
        ? undefined
        : `${showRows(rows)} does not match ${claim.pattern.source}`;
    case "answers":
      return tag === claim.tag ? undefined : `expected the answer ${claim.tag}, but got ${tag ?? "none"}`;
    case "status":
      return answer.status === claim.status
        ? undefined
        : `expected status ${claim.status}, but it is ${answer.status}`;
  }
}
