/** The error at one of the limits on objects, with the value in force where that is lowered. */
import { type Limit, type LimitName, limits } from "@dsql-local/spec";
import { assert, type LimitValues, SqlError } from "../../base/index.ts";

/** @throws {SqlError} the limit's, when the count is above the value in force */
export function requireWithin(values: LimitValues, name: LimitName, count: number): void {
  if (count > values[name]) throw limitError(values, name);
}

export function limitError(values: LimitValues, name: LimitName): SqlError {
  const { value, sqlstate, message = "" }: Limit = limits[name];
  assert(sqlstate !== undefined, "a limit on objects has an error");
  const inForce = values[name];
  // The service's words, the number included, unless a test has lowered the limit.
  const words = inForce === value ? message : message.replace(/\d+/, String(inForce));
  return new SqlError({ sqlstate, message: words });
}
