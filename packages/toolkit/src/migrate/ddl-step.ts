/**
 * Steps of DDL: which answer means that it was done before, and what has to be valid before the next one.
 *
 * Tests: plan.test.ts.
 */
import { listOf, type TreeNode, unwrap } from "@dsql-local/spec";
import { quoteIdentifier } from "../identifiers.ts";
import { type ParsedStatement, readStatement } from "../lint/index.ts";
import { tableName } from "./recipes.ts";
import type { Settlement, Step } from "./types.ts";

interface DdlPiece {
  readonly sql: string;
  readonly line: number;
  readonly changes: readonly string[];
}

/** @param sql - one DDL statement as Aurora DSQL takes it */
export async function ddlStep({ sql, line, changes }: DdlPiece): Promise<Step> {
  const statement = await readStatement(sql);
  if (statement === undefined) throw new TypeError("a statement that was checked can be read");
  const { type, fields } = statement.subject;
  const doneCodes = doneCodesOf(statement);
  if (type === "IndexStmt") return indexStep(statement, { sql, line, changes });
  const constraint = type === "AlterTableStmt" ? constraintOf(fields) : undefined;
  const table = tableName(fields["relation"]) ?? "";
  if (constraint === undefined) return { kind: "ddl", sql, line, changes, doneCodes };
  if (statement.isAsync) {
    const settlement: Settlement = { object: "constraint", table, name: constraint };
    return { kind: "ddl", sql, line, changes, doneCodes, settlement };
  }
  return { kind: "ddl", sql, line, changes, doneCodes, makes: { table, constraint } };
}

/** What a statement hears that was done before: a name is taken, or what it drops or renames is gone. */
function doneCodesOf({ subject: { type, fields } }: ParsedStatement): string[] {
  const gone = ["42P01", "42703", "42704", "3F000", "42883"];
  if (type.startsWith("Drop") || type === "RenameStmt" || type === "AlterObjectSchemaStmt") return gone;
  if (type === "AlterTableStmt") {
    const subtypes = listOf(fields["cmds"]).map((action) => String(unwrap(action)?.fields["subtype"]));
    if (subtypes.every((subtype) => subtype === "AT_DropColumn")) return ["42703"];
    if (subtypes.every((subtype) => subtype === "AT_DropConstraint")) return ["42704"];
  }
  return ["42P07", "42701", "42710", "42P06", "42723"];
}

/** The constraint that the only action adds or validates, if it has a name. */
function constraintOf(fields: TreeNode): string | undefined {
  const actions = listOf(fields["cmds"]).map((action) => unwrap(action)?.fields ?? {});
  const [action] = actions;
  if (actions.length !== 1 || action === undefined) return undefined;
  const name =
    action["subtype"] === "AT_ValidateConstraint"
      ? action["name"]
      : action["subtype"] === "AT_AddConstraint" && unwrap(action["def"])?.fields["conname"];
  return typeof name === "string" ? name : undefined;
}

function indexStep(statement: ParsedStatement, piece: DdlPiece): Step {
  const { fields } = statement.subject;
  const given = fields["idxname"];
  const name = typeof given === "string" ? given : indexName(fields);
  const relation = fields["relation"] as TreeNode;
  const schema = relation["schemaname"];
  const quoted = quoteIdentifier(name);
  const index = typeof schema === "string" ? `${quoteIdentifier(schema)}.${quoted}` : quoted;
  const isNamed = typeof given === "string";
  return {
    kind: "ddl",
    line: piece.line,
    sql: isNamed ? piece.sql : piece.sql.replace(/\bON\b/i, `${quoted} ON`),
    changes: isNamed ? piece.changes : [...piece.changes, `names the index ${name}`],
    doneCodes: ["42P07"],
    settlement: { object: "index", index },
  };
}

/** As PostgreSQL would name it: `owner_city_idx`. */
function indexName(fields: TreeNode): string {
  const table = String((fields["relation"] as TreeNode)["relname"]);
  const keys = listOf(fields["indexParams"]).map((key) => {
    const name = unwrap(key)?.fields["name"];
    return typeof name === "string" ? name : "expr";
  });
  return `${[table, ...keys].join("_").slice(0, 58)}_idx`;
}
