/**
 * The session's own prepared statements and cursors, for `pg_prepared_statements` and `pg_cursors`.
 *
 * What a backend keeps prepared belongs to whoever it serves by turns; the session alone knows what its client has prepared. A
 * statement that asks is told in a setting of its transaction, which the functions behind the views read.
 *
 * Tests: ../../test/session-state-objects.test.ts.
 */
import { quoteLiteral } from "@dsql-local/sql";
import type { Statement } from "../sql/index.ts";
import type { Description } from "../transaction/index.ts";
import { decodeParameterDescription, splitRowDescription } from "../wire/index.ts";

export interface PreparedObject {
  readonly name: string;
  readonly statement: string;
  readonly preparedMs: number;
  /** Oids. */
  readonly parameterTypes: readonly number[];
  readonly resultTypes: readonly number[] | undefined;
}

export interface CursorObject {
  readonly name: string;
  readonly statement: string;
  readonly isBinary: boolean;
  readonly createdMs: number;
}

export interface SessionObjects {
  readonly prepared: readonly PreparedObject[];
  readonly cursors: readonly CursorObject[];
}

/** A name in a comment or a literal asks, too: that costs one statement. */
export function asksForObjects(statement: Statement): boolean {
  if (statement.kind !== "read" && statement.kind !== "write") return false;
  return /pg_(?:prepared_statement|cursor)/i.test(statement.text);
}

/** The statements that tell it, for the open transaction. */
export function objectsText({ prepared, cursors }: SessionObjects): string {
  const at = (ms: number): string => new Date(ms).toISOString();
  const told = {
    prepared_statements: prepared.map(({ name, statement, preparedMs, parameterTypes, resultTypes }) => ({
      name,
      statement,
      prepare_time: at(preparedMs),
      parameter_types: parameterTypes,
      result_types: resultTypes ?? null,
    })),
    cursors: cursors.map(({ name, statement, isBinary, createdMs }) => ({
      name,
      statement,
      is_binary: isBinary,
      creation_time: at(createdMs),
    })),
  };
  return Object.entries(told)
    .map(([name, rows]) => `SET LOCAL dsql.${name} TO ${quoteLiteral(JSON.stringify(rows))}`)
    .join("; ");
}

/** Oids of parameters and columns; no columns for a statement that gives no rows. */
export function typesOf({
  parameters,
  rows,
}: Description): Pick<PreparedObject, "parameterTypes" | "resultTypes"> {
  const isNoData = rows[0] === noDataType;
  return {
    parameterTypes: decodeParameterDescription(parameters),
    // At the end of a column: oid of the type (4), its size (2), its modifier (4), the format (2).
    resultTypes: isNoData
      ? undefined
      : splitRowDescription(rows).map((column) => column.readInt32BE(column.length - 12)),
  };
}

const noDataType = "n".charCodeAt(0);
