/**
 * What PostgreSQL is sent where the service's meaning of a statement differs from PostgreSQL's. All positions stay as they
 * are, but for the one letter that is said below.
 *
 * Tests: for-postgres.test.ts.
 */
import { applyEdits, lex, type Lexeme, overwrite } from "@dsql-local/sql";
import type { Constraint, CreateStmt, Node } from "libpg-query";
import type { StatementText } from "./analyse.ts";
import { as, stringsOf } from "./tree.ts";

export function forPostgres(node: Node, statement: StatementText): string {
  const table = as(node, "CreateStmt");
  return table === undefined
    ? withUserTriggers(node, statement.text)
    : withoutIncludedColumns(table, statement);
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
