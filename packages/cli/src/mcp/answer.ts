/** What a tool answers: JSON as text, which every client can show to its model. */
import { ConnectError, conflictOf, OutcomeUnknownError, sqlstateOf } from "dsql-toolkit";
import { Failure } from "../failure.ts";

export interface ToolAnswer {
  // The protocol's type has room for more.
  readonly [key: string]: unknown;
  content: { type: "text"; text: string }[];
  isError?: boolean;
}

export function answerOf(result: unknown): ToolAnswer {
  return { content: [{ type: "text", text: JSON.stringify(result) }] };
}

/** Message, SQLSTATE, detail and hint, as far as there are any, and what to do where we know. */
export function failureAnswer(error: unknown): ToolAnswer {
  const { detail, hint, position } = (error ?? {}) as Record<string, unknown>;
  const told = {
    error: error instanceof Error ? error.message : String(error),
    sqlstate: sqlstateOf(error),
    detail: textOrNothing(detail),
    hint: textOrNothing(hint),
    position: textOrNothing(position),
    remedy: remedyFor(error),
  };
  return { ...answerOf(told), isError: true };
}

function remedyFor(error: unknown): string | undefined {
  if (error instanceof Failure) return error.remedy;
  if (error instanceof ConnectError)
    return "`npx dsql doctor` says which step of the connection fails and what to change.";
  if (error instanceof OutcomeUnknownError)
    return "It may have been committed: look before sending it again.";
  if (conflictOf(error) !== undefined)
    return "Other transactions change the same rows: try again in a moment.";
  return undefined;
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
