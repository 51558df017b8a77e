/**
 * Statements that Aurora DSQL refuses and that come down to several it takes: a column that is added with a default or a
 * constraint, NOT NULL on a column, another type of a column.
 *
 * A recipe gives texts of statements in their order; the plan treats them as if they stood in the file.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/alter-table-syntax-support.html
 * Tests: plan.test.ts; test/migrate.test.ts runs them.
 */
import { listOf, type TreeNode, unwrap } from "@dsql-local/spec";
import { quoteIdentifier } from "../identifiers.ts";
import type { ParsedStatement } from "../lint/index.ts";
import type { TypeChange } from "./types.ts";

/** Statements, or a step that only the database can take apart: it depends on what holds on to the column. */
export type Recipe =
  | { readonly what: string; readonly statements: readonly string[] }
  | { readonly what: string; readonly changeType: TypeChange };

interface Action {
  readonly subtype: string;
  readonly node: TreeNode;
  /** As written. */
  readonly text: string;
  readonly start: number;
}

/** @returns undefined when the statement is none that a recipe is about */
export function recipeFor(statement: ParsedStatement): readonly Recipe[] | undefined {
  if (statement.subject.type !== "AlterTableStmt" || statement.isAsync) return undefined;
  const table = tableName(statement.subject.fields["relation"]);
  const actions = actionsOf(statement);
  if (table === undefined || actions === undefined) return undefined;
  const recipes = actions.map((action) => recipeForAction(statement, action, table));
  if (recipes.every((recipe) => recipe === undefined)) return undefined;
  return recipes.map(
    (recipe, index) =>
      recipe ?? {
        what: "takes the actions apart",
        statements: [`ALTER TABLE ${table} ${actions[index]?.text ?? ""}`],
      },
  );
}

/** `"schema"."table"`. */
export function tableName(relation: unknown): string | undefined {
  const fields = unwrap(relation)?.type === "RangeVar" ? unwrap(relation)?.fields : (relation as TreeNode);
  const name = fields?.["relname"];
  if (typeof name !== "string") return undefined;
  const schema = fields?.["schemaname"];
  return typeof schema === "string"
    ? `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
    : quoteIdentifier(name);
}

/** The actions of ALTER TABLE, cut at the commas between them. */
function actionsOf(statement: ParsedStatement): Action[] | undefined {
  const nodes = listOf(statement.subject.fields["cmds"]).map((node) => unwrap(node)?.fields ?? {});
  const relation = statement.subject.fields["relation"] as { location?: number; schemaname?: string };
  const from = statement.offsetOf(relation.location ?? 0);
  const lexemes = statement.lexemes.filter(({ start }) => start >= from);
  // `schema.table` or `table`, and PostgreSQL's `*` after it.
  let first = relation.schemaname === undefined ? 1 : 3;
  const textAt = (index: number): string => {
    const lexeme = lexemes[index];
    return lexeme === undefined ? "" : statement.text.slice(lexeme.start, lexeme.end);
  };
  if (textAt(first) === "*") first += 1;
  const starts = [lexemes[first]?.start ?? from];
  const ends: number[] = [];
  for (const [index, { start, depth }] of lexemes.entries()) {
    if (index < first || depth !== 0 || textAt(index) !== ",") continue;
    ends.push(start);
    starts.push(lexemes[index + 1]?.start ?? start);
  }
  ends.push(lexemes.at(-1)?.end ?? statement.text.length);
  if (starts.length !== nodes.length) return undefined;
  return nodes.map((node, index) => {
    const start = starts[index] ?? 0;
    return { subtype: String(node["subtype"]), node, start, text: statement.text.slice(start, ends[index]) };
  });
}

function recipeForAction(statement: ParsedStatement, action: Action, table: string): Recipe | undefined {
  switch (action.subtype) {
    case "AT_AddColumn":
      return addColumn(statement, action, table);
    case "AT_SetNotNull":
      return setNotNull(table, String(action.node["name"]));
    case "AT_AlterColumnType":
      return changeType(statement, action, table);
    default:
      return undefined;
  }
}

/** The parts of a column's definition that come after its type. */
interface ColumnPart {
  readonly contype: string;
  readonly name: string | undefined;
  /** As written, its CONSTRAINT name included. */
  readonly text: string;
}

function addColumn(statement: ParsedStatement, action: Action, table: string): Recipe | undefined {
  const definition = unwrap(action.node["def"])?.fields ?? {};
  const constraints = listOf(definition["constraints"]).map((node) => unwrap(node)?.fields ?? {});
  if (constraints.length === 0) return undefined;
  const end = action.start + action.text.length;
  const starts = constraints.map(({ location }) => statement.offsetOf(Number(location)));
  const parts = constraints.map((constraint, index): ColumnPart => ({
    contype: String(constraint["contype"]),
    name: typeof constraint["conname"] === "string" ? constraint["conname"] : undefined,
    text: statement.text.slice(starts[index], starts[index + 1] ?? end).trim(),
  }));
  const column = { table, name: String(definition["colname"]) };
  const rest = inOrder(parts).map((part) => statementsOfPart(part, column));
  if (rest.some((statements) => statements === undefined)) return undefined;
  const plain = statement.text.slice(action.start, starts[0]).trim();
  return {
    what: "adds the column by itself, then its default, fills the rows, then its constraints",
    statements: [`ALTER TABLE ${table} ${plain}`, ...rest.flatMap((statements) => statements ?? [])],
  };
}

interface Column {
  readonly table: string;
  readonly name: string;
}

/** The default comes first: the rows must be filled before a constraint looks at them. */
function inOrder(parts: readonly ColumnPart[]): ColumnPart[] {
  const isDefault = ({ contype }: ColumnPart): boolean => contype === "CONSTR_DEFAULT";
  return [...parts.filter(isDefault), ...parts.filter((part) => !isDefault(part))];
}

/** @returns undefined when there is no way to add it to a table that is there */
function statementsOfPart(part: ColumnPart, { table, name }: Column): readonly string[] | undefined {
  const column = quoteIdentifier(name);
  const add = (constraint: string, suffix: string, text: string): string =>
    `ALTER TABLE ${table} ADD CONSTRAINT ${quoteIdentifier(constraint || constraintName(table, name, suffix))} ${text}`;
  const unnamed = part.text.replace(/^CONSTRAINT\s+("(?:[^"]|"")*"|\S+)\s+/i, "");
  switch (part.contype) {
    case "CONSTR_NULL":
      return [];
    case "CONSTR_DEFAULT":
      return [
        `ALTER TABLE ${table} ALTER COLUMN ${column} SET ${unnamed}`,
        `UPDATE ${table} SET ${column} = DEFAULT WHERE ${column} IS NULL`,
      ];
    case "CONSTR_NOTNULL":
      return [add(part.name ?? "", "not_null", `CHECK (${column} IS NOT NULL)`)];
    case "CONSTR_CHECK":
      return [add(part.name ?? "", "check", unnamed)];
    case "CONSTR_FOREIGN":
      return [add(part.name ?? "", "fkey", `FOREIGN KEY (${column}) ${unnamed}`)];
    case "CONSTR_UNIQUE":
      return /^UNIQUE$/i.test(unnamed) ? [add(part.name ?? "", "key", `UNIQUE (${column})`)] : undefined;
    default:
      return undefined;
  }
}

/** As PostgreSQL would name it, cut to a name's 63 bytes. */
function constraintName(table: string, column: string, suffix: string): string {
  const bare = table.split(".").at(-1)?.slice(1, -1).replaceAll('""', '"') ?? "";
  return fitted([bare, column], suffix);
}

/** `a_b_suffix`, the words cut so that it has a name's 63 bytes at most. */
export function fitted(words: readonly string[], suffix: string): string {
  let stem = words.join("_");
  while (Buffer.byteLength(`${stem}_${suffix}`) > 63) stem = [...stem].slice(0, -1).join("");
  return `${stem}_${suffix}`;
}

/** NOT NULL cannot be set on a column that is there; a CHECK says the same to every writer. */
function setNotNull(table: string, column: string): Recipe {
  const name = quoteIdentifier(constraintName(table, column, "not_null"));
  return {
    what: "writes CHECK (… IS NOT NULL) for SET NOT NULL",
    statements: [
      `ALTER TABLE ${table} ADD CONSTRAINT ${name} CHECK (${quoteIdentifier(column)} IS NOT NULL)`,
    ],
  };
}

function changeType(statement: ParsedStatement, action: Action, table: string): Recipe | undefined {
  const definition = unwrap(action.node["def"])?.fields ?? {};
  if (definition["collClause"] !== undefined) return undefined;
  const typeStart = statement.offsetOf(
    Number((definition["typeName"] as TreeNode | undefined)?.["location"]),
  );
  const end = action.start + action.text.length;
  // No type of Aurora DSQL has a word USING in its name.
  const using =
    definition["raw_default"] === undefined
      ? undefined
      : statement.lexemes.find(
          ({ kind, depth, start, end: wordEnd }) =>
            kind === "word" &&
            depth === 0 &&
            start > typeStart &&
            statement.text.slice(start, wordEnd).toUpperCase() === "USING",
        );
  return {
    what: "moves the rows to the new type, since the type of a column cannot be altered",
    changeType: {
      table,
      column: String(action.node["name"]),
      type: statement.text.slice(typeStart, using?.start ?? end).trim(),
      ...(using && { using: statement.text.slice(using.end, end).trim() }),
    },
  };
}
