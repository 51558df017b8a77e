/**
 * What PostgreSQL is sent where the service's meaning of a statement differs from PostgreSQL's. All positions stay as they
 * are, but for the one letter that is said below, and for what is put in, which `originalPosition` takes out again.
 *
 * Tests: for-postgres.test.ts.
 */
import { columnTypeOf, type TreeNode, visitNodes } from "@dsql-local/spec";
import {
  applyEdits,
  characterOffset,
  countCharacters,
  lex,
  type Lexeme,
  originalOffset,
  overwrite,
  qualifiedNameEnd,
  skipSpace,
  type TextEdit,
} from "@dsql-local/sql";
import type { Constraint, CreateStmt, Node } from "libpg-query";
import type { StatementText } from "./analyse.ts";
import { as, stringsOf } from "./tree.ts";

export interface TextForPostgres {
  readonly text: string;
  /** Maps a position in `text` to the one in the client's statement; both count Unicode characters from 1. */
  readonly originalPosition?: (position: number) => number;
}

export function forPostgres(node: Node, statement: StatementText): TextForPostgres {
  const table = as(node, "CreateStmt");
  const text =
    table === undefined ? withUserTriggers(node, statement.text) : withoutIncludedColumns(table, statement);
  return withNumericScale(node, { ...statement, text });
}

/** A column of a `numeric` without precision has these. Source: User Guide, "Supported data types"; measured by dsqlbase. */
const numericDefault = "(18,6)";

/** Cheap and sure for the statements that define no such column. */
const mayDefineNumeric = /\b(?:numeric|dec|decimal)\b/i;

function withNumericScale(node: Node, statement: StatementText): TextForPostgres {
  const { text } = statement;
  if (!mayDefineNumeric.test(text)) return { text };
  const edits: TextEdit[] = [];
  visitNodes(node, (type, fields) => {
    if (type !== "ColumnDef") return;
    const typeName = (fields["typeName"] ?? {}) as TreeNode;
    const { name, isArray } = columnTypeOf(typeName);
    if (name !== "numeric" || isArray || typeName["typmods"] !== undefined) return;
    // The letter that TRIGGER USER has more may stand before it.
    const start = skipSpace(text, statement.offsetOf(typeName["location"] as number));
    const end = qualifiedNameEnd(text, start);
    edits.push({ start: end, end, text: numericDefault });
  });
  if (edits.length === 0) return { text };
  const longer = applyEdits(text, edits);
  return {
    text: longer,
    originalPosition: (position) =>
      countCharacters(text, originalOffset(edits, characterOffset(longer, position - 1))) + 1,
  };
}

/**
 * `{ENABLE|DISABLE} TRIGGER {ALL|USER}` is accepted without effect: there are no triggers but those of foreign keys, and
 * PostgreSQL lets only its superuser switch them. A later position in the text is off by the one letter more.
 */
function withUserTriggers(node: Node, text: string): string {
  const commands = as(node, "AlterTableStmt")?.cmds ?? [];
  const switchesAll = commands.some((command) =>
    /^AT_(?:En|Dis)ableTrigAll$/.test(as(command, "AlterTableCmd")?.subtype ?? ""),
  );
  if (!switchesAll) return text;
  const words = lex(text);
  const all = words.findLast(
    (lexeme, index) => isWord(text, lexeme, "ALL") && isWord(text, words[index - 1], "TRIGGER"),
  );
  return all === undefined ? text : applyEdits(text, [{ ...all, text: "USER" }]);
}

/**
 * Every primary key of the service holds all columns, whether INCLUDE names them or not, and stays when one of them goes.
 * PostgreSQL would drop the key with the column, so it does not hear of INCLUDE. What names no column is left to it.
 */
function withoutIncludedColumns(table: CreateStmt, statement: StatementText): string {
  const elements = table.tableElts ?? [];
  const columns = new Set(elements.map((element) => as(element, "ColumnDef")?.colname));
  const key = elements
    .map((element) => as(element, "Constraint"))
    .find((constraint) => constraint?.contype === "CONSTR_PRIMARY");
  const included = stringsOf(key?.including);
  if (key === undefined || included.length === 0) return statement.text;
  return included.every((column) => columns.has(column)) ? withoutInclude(key, statement) : statement.text;
}

function withoutInclude(key: Constraint, statement: StatementText): string {
  const { text } = statement;
  const from = statement.offsetOf(key.location);
  const lexemes = lex(text).filter(({ start }) => start >= from);
  const depth = lexemes[0]?.depth;
  // Behind the key's columns: before them it may be the constraint's name.
  const at = lexemes.findIndex(
    (lexeme, index) =>
      lexeme.depth === depth &&
      isWord(text, lexeme, "INCLUDE") &&
      text[lexemes[index - 1]?.start ?? 0] === ")",
  );
  const include = lexemes[at];
  // The parenthesis behind the word, and the one that closes it, stand as deep as the word itself.
  const end = lexemes.slice(at + 2).find((lexeme) => lexeme.depth === depth)?.end;
  if (include === undefined || end === undefined) return text;
  return overwrite(text, [{ start: include.start, end }], "");
}

function isWord(text: string, lexeme: Lexeme | undefined, word: string): boolean {
  return lexeme?.kind === "word" && text.slice(lexeme.start, lexeme.end).toUpperCase() === word;
}
