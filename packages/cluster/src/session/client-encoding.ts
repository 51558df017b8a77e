/**
 * The encoding in which a client sends and reads text: UTF8, as the data is kept, is the service's only one.
 *
 * SQL_ASCII asks for no conversion, which is what UTF8 needs: psql asks for it where the locale is C.
 *
 * Source: Aurora DSQL User Guide, "SQL feature compatibility": UTF-8 only. The words of the refusal are PostgreSQL's.
 */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../base/index.ts";

const accepted: ReadonlySet<string> = new Set(["utf8", "unicode", "sqlascii"]);

/**
 * @param value - a name as the client wrote it, with or without quotes; PostgreSQL looks at letters and digits only
 * @throws {SqlError} 22023
 */
export function requireUtf8(value: string): void {
  const name = value.replaceAll(/^["']|["']$/g, "");
  if (accepted.has(name.toLowerCase().replaceAll(/[^a-z0-9]/g, ""))) return;
  throw SqlError.of(errors.encodingNotSupported(name));
}
