/**
 * The plan: from a migration's text to steps, each of which is one transaction that Aurora DSQL takes.
 *
 * - The order of the file is kept.
 * - A DDL statement is a step by itself; so is a statement that changes rows, unless BEGIN and COMMIT hold several together.
 * - What the lint would rewrite is rewritten; what a recipe knows becomes several steps; what is left is a problem.
 * - An index without a name gets one, so that a second run can find it.
 *
 * Nothing is run and nobody is connected to. Tests: plan.test.ts.
 */
import { listOf, type TreeNode, unwrap } from "@dsql-local/spec";
import { quoteIdentifier } from "../identifiers.ts";
import {
  checkStatement,
  type ParsedStatement,
  readStatement,
  rewriteStatement,
  splitStatements,
} from "../lint/index.ts";
import { batchedStatement } from "./batched.ts";
import { recipeFor, tableName } from "./recipes.ts";
import type { MigrationFile, PlannedMigration, PlanProblem, Settlement, Step } from "./types.ts";

export interface Plan {
  readonly migrations: readonly PlannedMigration[];
  readonly problems: readonly PlanProblem[];
}

/** All steps of a migration are written into the ledger in one transaction, which takes 3,000 rows. */
export const stepsPerMigrationMax = 2_000;

export async function planMigrations(files: readonly MigrationFile[]): Promise<Plan> {
  const migrations: PlannedMigration[] = [];
  const problems: PlanProblem[] = [];
  for (const file of files) {
    const planner = new FilePlanner(file);
    const steps = await planner.plan();
    problems.push(...planner.problems);
    migrations.push({ id: file.id, file: file.file, checksum: file.checksum, steps });
  }
  return { migrations, problems };
}

interface Piece {
  readonly sql: string;
  readonly line: number;
  readonly changes: readonly string[];
}

class FilePlanner {
  readonly problems: PlanProblem[] = [];
  readonly #file: MigrationFile;
  readonly #steps: Step[] = [];
  /** The statements since BEGIN that change rows; undefined outside of a block. */
  #block: Piece[] | undefined;

  constructor(file: MigrationFile) {
    this.#file = file;
  }

  async plan(): Promise<readonly Step[]> {
    for (const piece of piecesOf(this.#file)) await this.#take(piece);
    this.#endBlock();
    if (this.#steps.length > stepsPerMigrationMax) {
      this.#problem(
        1,
        `${this.#steps.length} steps are more than ${stepsPerMigrationMax}`,
        "Spread it over several files; load many rows with dsql load.",
      );
    }
    return this.#steps;
  }

  async #take(piece: Piece): Promise<void> {
    const statement = await readStatement(piece.sql);
    const recipes = statement && recipeFor(statement);
    if (recipes === undefined) {
      await this.#rewrite(piece);
      return;
    }
    for (const { what, statements, guard } of recipes) {
      const { line } = piece;
      if (guard !== undefined) this.#steps.push({ kind: "guard", line, changes: [what], ...guard });
      for (const sql of statements) await this.#rewrite({ sql, line, changes: [what] });
    }
  }

  async #rewrite({ sql, line, changes }: Piece): Promise<void> {
    const rewritten = await rewriteStatement(sql);
    const all = [...changes, ...rewritten.changes.map(({ what }) => what)];
    for (const { text } of splitStatements(rewritten.sql)) await this.#add({ sql: text, line, changes: all });
  }

  async #add(piece: Piece): Promise<void> {
    const { kind, findings } = await checkStatement(piece.sql);
    const refusal = findings.find(({ severity }) => severity === "error");
    if (refusal !== undefined || kind === undefined) {
      this.#problem(
        piece.line,
        refusal?.message ?? "the statement cannot be read",
        refusal?.remedy ?? "Correct its syntax.",
      );
      return;
    }
    switch (kind) {
      case "begin":
        this.#block = [];
        return;
      case "commit":
        this.#endBlock();
        return;
      case "rollback":
        this.#problem(
          piece.line,
          "a migration does not roll back",
          "Remove the statements that are not to be done.",
        );
        return;
      case "session":
        this.#problem(
          piece.line,
          "each step runs in a session of its own, so SET has no effect",
          "Remove it, and name tables with their schema.",
        );
        return;
      case "waitForJob":
        return; // Every job is waited for.
      case "ddl":
      case "analyze":
        this.#endBlock();
        this.#steps.push(await ddlStep(piece));
        return;
      case "read":
      case "write":
        await this.#addData(piece);
    }
  }

  async #addData(piece: Piece): Promise<void> {
    if (this.#block !== undefined) {
      this.#block.push(piece);
      return;
    }
    const { line, changes, sql } = piece;
    const statement = await readStatement(sql);
    const batched = statement && batchedStatement(statement);
    if (batched === undefined) this.#steps.push({ kind: "data", line, changes, statements: [sql] });
    else this.#steps.push({ kind: "batches", line, changes, batched });
  }

  #endBlock(): void {
    const [first] = this.#block ?? [];
    if (first !== undefined) {
      const pieces = this.#block ?? [];
      const changes = [...new Set(pieces.flatMap((piece) => piece.changes))];
      this.#steps.push({ kind: "data", line: first.line, changes, statements: pieces.map(({ sql }) => sql) });
    }
    this.#block = undefined;
  }

  #problem(line: number, message: string, remedy: string): void {
    this.problems.push({ file: this.#file.file, line, message, remedy });
  }
}

/** drizzle-kit parts statements by these, and does not always write a semicolon before them. */
const breakpoint = /--> statement-breakpoint/g;

function piecesOf({ text, madeAtMs }: MigrationFile): Piece[] {
  const isDrizzle = madeAtMs !== undefined;
  const source = isDrizzle ? text.replace(breakpoint, (found) => ";".padEnd(found.length)) : text;
  return splitStatements(source).map(({ text: sql, start }) => ({
    sql,
    line: source.slice(0, start).split("\n").length,
    changes: [],
  }));
}

async function ddlStep({ sql, line, changes }: Piece): Promise<Step> {
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

function indexStep(statement: ParsedStatement, piece: Piece): Step {
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
