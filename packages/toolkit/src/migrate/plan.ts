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
import { quoteIdentifier } from "../identifiers.ts";
import { checkStatement, readStatement, rewriteStatement, splitStatements } from "../lint/index.ts";
import { batchedStatement } from "./batched.ts";
import { ddlStep } from "./ddl-step.ts";
import { recipeFor } from "./recipes.ts";
import type { MigrationFile, PlannedMigration, PlanProblem, Step, TypeChange } from "./types.ts";

export interface Plan {
  readonly migrations: readonly PlannedMigration[];
  readonly problems: readonly PlanProblem[];
}

/** All steps of a migration are written into the ledger in one transaction, which takes 3,000 rows. */
const stepsPerMigrationMax = 2_000;

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
    const { line } = piece;
    for (const recipe of recipes) {
      const changes = [recipe.what];
      if ("changeType" in recipe) await this.#addTypeChange(recipe.changeType, { line, changes });
      else for (const sql of recipe.statements) await this.#rewrite({ sql, line, changes });
    }
  }

  async #addTypeChange(change: TypeChange, origin: Omit<Piece, "sql">): Promise<void> {
    this.#endBlock();
    const { table, column, type } = change;
    const sql = `ALTER TABLE ${table} ADD COLUMN ${quoteIdentifier(column)} ${type}`;
    const refusal = (await checkStatement(sql)).findings.find(({ severity }) => severity === "error");
    if (refusal !== undefined) this.#problem(origin.line, refusal.message, refusal.remedy);
    this.#steps.push({ kind: "changeType", ...origin, ...change });
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
  const sql = text.replace(/^\uFEFF/, " ");
  const source = isDrizzle ? sql.replace(breakpoint, (found) => ";".padEnd(found.length)) : sql;
  return splitStatements(source).map(({ text: statement, start }) => ({
    sql: statement,
    line: source.slice(0, start).split("\n").length,
    changes: [],
  }));
}
