/** A statement's text without the values in it, for those who must not see data. */
import { lex } from "@dsql-local/sql";

/** Strings and numbers become `?`. */
export function withoutValues(text: string): string {
  let shown = "";
  let at = 0;
  for (const { kind, start, end } of lex(text)) {
    if (kind !== "string" && kind !== "number") continue;
    shown += `${text.slice(at, start)}?`;
    at = end;
  }
  return shown + text.slice(at);
}
