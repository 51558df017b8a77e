/** Errors of the embedded PostgreSQL on their way to the client. */
import { SqlError } from "../base/index.ts";
import { type ErrorFieldMap, errorFieldsOf } from "../wire/index.ts";

/** SQLSTATEs of PostgreSQL that may mean a lost race. */
export const postgresConflict = { serialization: "40001", deadlock: "40P01", uniqueKey: "23505" } as const;

/**
 * Whether a text that the backend keeps parsed means something else by now: another search path, or the transaction's
 * own catalog change, gives its result other columns. The client has prepared nothing on that backend, so it must not hear.
 */
export function isStalePlan(fields: ErrorFieldMap): boolean {
  return fields.get("C") === "0A000" && fields.get("R") === "RevalidateCachedQuery";
}

/** An error of PostgreSQL, in its own words. */
export function sqlErrorOf(fields: ErrorFieldMap): SqlError {
  const { sqlstate, message, detail, hint, position, objects } = errorFieldsOf(fields);
  return new SqlError({ sqlstate, message, detail, hint, position, objects });
}
