/**
 * The ledger: which migrations were applied, with which text, and how far the one under way has come.
 *
 * A migration's steps are written down before the first one runs, so that whoever goes on runs the same plan. What changes
 * rows enters its end in its own transaction; what cannot (DDL) is marked as begun before and as done after.
 *
 * Tests: test/migrate.test.ts.
 */
import type { Pool } from "pg";
import { sqlstateOf } from "../errors.ts";
import { quoteIdentifier, quoteTable } from "../identifiers.ts";
import type { Transaction } from "../transaction.ts";
import { autocommit } from "./database.ts";
import { MigrationError } from "./errors.ts";
import { createLeaseTable } from "./lease.ts";
import type { MigrationFile, PlannedMigration, Step } from "./types.ts";

/** `applied`: all steps done. `baseline`: declared as done. `running`: begun. `failed`: a step was refused. */
export type MigrationStatus = "applied" | "baseline" | "running" | "failed";
/** `begun`: it may have been done, or in part. `failed`: the database has refused it. */
export type StepStatus = "pending" | "begun" | "failed" | "done";

/** A step of a migration that was begun and is not applied yet. */
export interface LedgerStep {
  /** Its place among the migration's steps, counted from 1. */
  readonly number: number;
  readonly step: Step;
  readonly status: StepStatus;
  /** The last key of the batches that were committed, each column as text. */
  readonly cursor: readonly string[];
  /** SQLSTATE and message of the refusal. */
  readonly error: string | undefined;
}

/** What the ledger says of a migration. */
export interface LedgerEntry {
  readonly id: string;
  readonly checksum: string;
  readonly status: MigrationStatus;
  readonly startedAt: Date;
  readonly finishedAt: Date | undefined;
  /** Counted from 1. Those of applied migrations are not kept. */
  readonly steps: readonly LedgerStep[];
}

interface MigrationRow {
  readonly id: string;
  readonly checksum: string;
  readonly status: MigrationStatus;
  readonly started_at: Date;
  readonly finished_at: Date | null;
}

interface StepRow {
  readonly migration: string;
  readonly step: number;
  readonly plan: string;
  readonly status: StepStatus;
  readonly cursor: string | null;
  readonly error: string | null;
}

/** Longer messages of the database are cut: they stand in a terminal's line. */
const errorLengthMax = 2_000;

export class Ledger {
  readonly schema: string;
  readonly #pool: Pool;
  readonly #migrations: string;
  readonly #steps: string;

  constructor(pool: Pool, schema: string) {
    this.#pool = pool;
    this.schema = schema;
    this.#migrations = quoteTable([schema, "dsql_migration"]);
    this.#steps = quoteTable([schema, "dsql_migration_step"]);
  }

  async create(): Promise<void> {
    await autocommit(
      this.#pool,
      `CREATE TABLE IF NOT EXISTS ${this.#migrations} (
         id text PRIMARY KEY, checksum text NOT NULL, status text NOT NULL,
         started_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz)`,
    );
    await autocommit(
      this.#pool,
      `CREATE TABLE IF NOT EXISTS ${this.#steps} (
         migration text, step int, plan text NOT NULL, status text NOT NULL, cursor text, error text,
         changed_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (migration, step))`,
    );
    await createLeaseTable(this.#pool, this.schema);
  }

  /** @returns false on a database that no migration was run on */
  async exists(): Promise<boolean> {
    const sql = "SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL AS is_there";
    const [row] = await autocommit<{ is_there: boolean }>(this.#pool, sql, [this.#migrations, this.#steps]);
    return row?.is_there === true;
  }

  async read(): Promise<Map<string, LedgerEntry>> {
    if (!(await this.exists())) return new Map();
    const steps = await autocommit<StepRow>(
      this.#pool,
      `SELECT migration, step, plan, status, cursor, error FROM ${this.#steps} ORDER BY migration, step`,
    );
    const rows = await autocommit<MigrationRow>(
      this.#pool,
      `SELECT id, checksum, status, started_at, finished_at FROM ${this.#migrations}`,
    );
    return new Map(
      rows.map((row) => [
        row.id,
        entryOf(
          row,
          steps.filter(({ migration }) => migration === row.id),
        ),
      ]),
    );
  }

  /** Writes the plan down. @param kept - steps at its beginning that are in the ledger as they are planned now */
  async begin(tx: Transaction, { id, checksum, steps }: PlannedMigration, kept: number): Promise<void> {
    await tx.query(`DELETE FROM ${this.#steps} WHERE migration = $1 AND step > $2`, [id, kept]);
    await this.#enter(tx, { id, checksum, status: "running" });
    await tx.query(
      `INSERT INTO ${this.#steps} (migration, step, plan, status)
       SELECT $1, step, plan, 'pending'
       FROM unnest($2::text[]) WITH ORDINALITY AS planned (plan, step) WHERE step > $3`,
      [id, steps.map((step) => JSON.stringify(step)), kept],
    );
  }

  async markStep(
    tx: Transaction,
    step: { readonly id: string; readonly number: number },
    mark: { status: StepStatus; cursor?: readonly string[]; error?: string },
  ): Promise<void> {
    await tx.query(
      `UPDATE ${this.#steps} SET status = $3, cursor = coalesce($4, cursor), error = $5, changed_at = now()
       WHERE migration = $1 AND step = $2`,
      [
        step.id,
        step.number,
        mark.status,
        mark.cursor === undefined ? null : JSON.stringify(mark.cursor),
        mark.error?.slice(0, errorLengthMax) ?? null,
      ],
    );
  }

  async markMigration(tx: Transaction, id: string, status: "running" | "failed"): Promise<void> {
    await tx.query(`UPDATE ${this.#migrations} SET status = $2 WHERE id = $1`, [id, status]);
  }

  /** All steps are done: what remains is that it was. */
  async finish(tx: Transaction, { id, checksum }: Pick<MigrationFile, "id" | "checksum">): Promise<void> {
    await tx.query(`DELETE FROM ${this.#steps} WHERE migration = $1`, [id]);
    await this.#enter(tx, { id, checksum, status: "applied" });
  }

  async declare(tx: Transaction, { id, checksum }: Pick<MigrationFile, "id" | "checksum">): Promise<void> {
    await this.#enter(tx, { id, checksum, status: "baseline" });
  }

  async accept(tx: Transaction, { id, checksum }: Pick<MigrationFile, "id" | "checksum">): Promise<void> {
    await tx.query(`UPDATE ${this.#migrations} SET checksum = $2 WHERE id = $1`, [id, checksum]);
  }

  async forget(tx: Transaction, id: string): Promise<void> {
    await tx.query(`DELETE FROM ${this.#steps} WHERE migration = $1`, [id]);
    await tx.query(`DELETE FROM ${this.#migrations} WHERE id = $1`, [id]);
  }

  async #enter(
    tx: Transaction,
    { id, checksum, status }: { id: string; checksum: string; status: MigrationStatus },
  ): Promise<void> {
    const isOver = status === "applied" || status === "baseline";
    await tx.query(
      `INSERT INTO ${this.#migrations} AS entry (id, checksum, status, finished_at)
       VALUES ($1, $2, $3, CASE WHEN $4 THEN now() END)
       ON CONFLICT (id) DO UPDATE
       SET checksum = excluded.checksum, status = excluded.status, finished_at = excluded.finished_at`,
      [id, checksum, status, isOver],
    );
  }
}

/**
 * Says of a refusal what would let the role in.
 *
 * @throws {MigrationError} ledger
 */
export async function reachingLedger<Result>(schema: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    const remedy = remedies[sqlstateOf(cause) ?? ""]?.(schema);
    if (remedy === undefined || cause instanceof MigrationError) throw cause;
    throw new MigrationError("ledger", `the ledger of migrations: ${(cause as Error).message}`, {
      remedy,
      cause,
    });
  }
}

const remedies: Readonly<Record<string, ((schema: string) => string) | undefined>> = {
  // insufficient_privilege
  "42501": () =>
    "Migrate as the role that owns the tables, such as admin, or keep the ledger in a schema of this role's own: --schema <schema>. " +
    "Drizzle's own table has --drizzle-schema. To look only, SELECT on the ledger's tables is enough.",
  // invalid_schema_name
  "3F000": (schema) => `CREATE SCHEMA ${quoteIdentifier(schema)} first, or name another one with --schema.`,
};

function entryOf(row: MigrationRow, steps: readonly StepRow[]): LedgerEntry {
  return {
    id: row.id,
    checksum: row.checksum,
    status: row.status,
    startedAt: row.started_at,
    finishedAt: row.finished_at ?? undefined,
    steps: steps.map((step) => ({
      number: step.step,
      step: JSON.parse(step.plan) as Step,
      status: step.status,
      cursor: step.cursor === null ? [] : (JSON.parse(step.cursor) as string[]),
      error: step.error ?? undefined,
    })),
  };
}
