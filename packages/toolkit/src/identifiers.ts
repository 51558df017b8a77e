/** Names of tables and columns in SQL: quoted, so that a name from outside is always a name and never SQL. */
import { quoteName } from "@dsql-local/sql";
import { UsageError } from "./errors.ts";

/** PostgreSQL cuts longer names off silently. */
const identifierBytesMax = 63;

/** `owner` to `"owner"`. */
export function quoteIdentifier(name: string): string {
  if (name === "" || name.includes("\0") || Buffer.byteLength(name) > identifierBytesMax) {
    throw new UsageError(`a name has 1 to ${identifierBytesMax} bytes and no NUL`);
  }
  return quoteName(name);
}

/** `myschema.owner` to `"myschema"."owner"`; a dot in a name itself is given as `["my.schema", "owner"]`. */
export function quoteTable(table: string | readonly string[]): string {
  const parts = typeof table === "string" ? table.split(".") : table;
  if (parts.length > 2) throw new UsageError("a table is named by itself or with its schema");
  return parts.map(quoteIdentifier).join(".");
}

/** `["a", "b"]` to `"a", "b"`. */
export function quoteList(names: readonly string[]): string {
  return names.map(quoteIdentifier).join(", ");
}
