/** Errors of the embedded PostgreSQL on their way to the client. */
import { SqlError } from "../base/index.ts";
import { type ErrorFieldMap, errorFieldsOf } from "../wire/index.ts";

/** SQLSTATEs of PostgreSQL that may mean a lost race. */
export const postgresConflict = { serialization: "40001", deadlock: "40P01", uniqueKey: "23505" } as const;

/** An error of PostgreSQL, in its own words. */
export function sqlErrorOf(fields: ErrorFieldMap): SqlError {
  const { sqlstate, message, detail, hint, position } = errorFieldsOf(fields);
  return new SqlError({ sqlstate, message, detail, hint, position });
}
