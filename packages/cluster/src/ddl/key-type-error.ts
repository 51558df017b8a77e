/** A type that PostgreSQL cannot put in an index either, in the service's words. */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";

/** @returns the error as the service puts it; any other error as it is */
export function keyTypeError(error: unknown): unknown {
  if (!(error instanceof SqlError) || error.sqlstate !== "42704") return error;
  const type = /^data type (.+) has no default operator class for access method /.exec(error.message)?.[1];
  return type === undefined ? error : SqlError.of(errors.keyTypeNotSupported(type));
}
