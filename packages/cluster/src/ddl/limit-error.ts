/** The error at one of the limits on objects: the service's words, and in DETAIL the limit in force where that is lowered. */
import { type Limit, type LimitName, limits, loweredLimitDetail } from "@dsql-local/spec";
import { assert, type LimitValues, SqlError } from "../base/index.ts";

/** @throws {SqlError} the limit's, when the count is above the value in force */
export function requireWithin(values: LimitValues, name: LimitName, count: number): void {
  if (count > values[name]) throw limitError(values, name);
}

export function limitError(values: LimitValues, name: LimitName): SqlError {
  const { sqlstate, message = "" }: Limit = limits[name];
  assert(sqlstate !== undefined, "a limit on objects has an error");
  return new SqlError({ sqlstate, message, detail: loweredLimitDetail(name, values[name]) });
}
