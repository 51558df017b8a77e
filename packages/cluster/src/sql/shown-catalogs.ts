/**
 * Gives a statement the views that clients see in the place of PostgreSQL's catalogs.
 *
 * `FROM pg_class` becomes `FROM pg_dsql_catalog.pg_class`: the view has the catalog's name, so that the alias, and every
 * column that is reached through it, stay what they were. Only queries and writes are changed; what a view or a function
 * of a client's is made of stays as its client wrote it.
 *
 * Tests: shown-catalogs.test.ts, ../../test/catalog.test.ts.
 */
import { applyEdits, characterOffset, countCharacters, originalOffset, type TextEdit } from "@dsql-local/sql";
import type { ColumnRef, FuncCall, Node } from "libpg-query";
import {
  hiddenSchemas,
  shownCatalogRowsSchema,
  shownCatalogs,
  shownCatalogSchema,
  SqlError,
} from "../base/index.ts";
import type { StatementText } from "./analyse.ts";
import type { RelationRef, StatementKind } from "./statement.ts";
import { as, stringsOf } from "./tree.ts";

export interface ShownText {
  readonly text: string;
  /** Maps a position in `text` to the one in the client's statement; both count Unicode characters from 1. */
  originalPosition(position: number): number;
}

const catalogs: ReadonlySet<string> = new Set(shownCatalogs);
const hidden: ReadonlySet<string> = new Set(hiddenSchemas);
const systemColumns: ReadonlySet<string> = new Set(["tableoid", "xmin", "xmax", "cmin", "cmax", "ctid"]);

/** Cheap and sure for the statements that name nothing of this. */
const mayNameCatalog = /pg_|aws_dsql/i;

/**
 * @returns undefined when the statement names none of the catalogs
 * @throws {SqlError} 42P01 or 3F000: it names what clients do not see
 */
export function showCatalogs(kind: StatementKind, statement: StatementText): ShownText | undefined {
  if ((kind.kind !== "read" && kind.kind !== "write") || !mayNameCatalog.test(statement.text))
    return undefined;
  const { relations, tree, command } = kind.analysis;
  const { columns, calls } = namesIn(tree);
  refuseHidden(relations, calls, statement);
  // COPY takes no view, and a plan is of PostgreSQL's own tables.
  const staysAsWritten = command === "explain" || as(tree as Node, "CopyStmt")?.relation !== undefined;
  const named = relations.filter((relation) => relation.role === "source" && isCatalog(relation));
  if (named.length === 0 || staysAsWritten) return undefined;
  const schema = columns.some(isSystemColumn) ? shownCatalogRowsSchema : shownCatalogSchema;
  const replacements = named.map(({ name, start, end }) => ({ start, end, text: `${schema}.${name}` }));
  for (const column of columns) replacements.push(...ownQualifier(column, statement, schema));
  return replace(statement.text, replacements);
}

const isCatalog = ({ schema, name }: RelationRef): boolean =>
  (schema === undefined || schema === "pg_catalog") && catalogs.has(name);

const isSystemColumn = ({ fields }: ColumnRef): boolean => systemColumns.has(stringsOf(fields).at(-1) ?? "");

interface Names {
  readonly columns: ColumnRef[];
  readonly calls: FuncCall[];
}

function namesIn(tree: unknown, names: Names = { columns: [], calls: [] }): Names {
  if (typeof tree !== "object" || tree === null) return names;
  for (const [field, child] of Object.entries(tree)) {
    if (field === "ColumnRef") names.columns.push(child as ColumnRef);
    else {
      if (field === "FuncCall") names.calls.push(child as FuncCall);
      namesIn(child, names);
    }
  }
  return names;
}

function refuseHidden(
  relations: readonly RelationRef[],
  calls: readonly FuncCall[],
  statement: StatementText,
): void {
  const { text } = statement;
  for (const { schema, name, start } of relations) {
    if (schema === undefined || !hidden.has(schema)) continue;
    const position = countCharacters(text, start) + 1;
    throw new SqlError({
      sqlstate: "42P01",
      message: `relation "${schema}.${name}" does not exist`,
      position,
    });
  }
  for (const { funcname, location } of calls) {
    const [schema = "", ...rest] = stringsOf(funcname);
    // The talk's first edition calls a function of the preview's in `aws_dsql`.
    if (rest.length === 0 || schema === "aws_dsql" || !hidden.has(schema)) continue;
    const position = countCharacters(text, statement.offsetOf(location)) + 1;
    throw new SqlError({ sqlstate: "3F000", message: `schema "${schema}" does not exist`, position });
  }
}

/** `pg_catalog.pg_class.oid` names the schema that the catalog was looked up in. */
function ownQualifier(column: ColumnRef, statement: StatementText, schema: string): TextEdit[] {
  const [first, second] = stringsOf(column.fields);
  if (first !== "pg_catalog" || second === undefined || !catalogs.has(second)) return [];
  const start = statement.offsetOf(column.location);
  const end = statement.text.indexOf(".", start);
  return [{ start, end, text: schema }];
}

function replace(text: string, edits: readonly TextEdit[]): ShownText {
  const shown = applyEdits(text, edits);
  return {
    text: shown,
    originalPosition: (position) =>
      countCharacters(text, originalOffset(edits, characterOffset(shown, position - 1))) + 1,
  };
}
