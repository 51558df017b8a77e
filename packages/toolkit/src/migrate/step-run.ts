/** What running a step needs, whatever kind it is of. */
import type { Pool } from "pg";
import { autocommit } from "./database.ts";
import type { Lease } from "./lease.ts";
import type { Ledger, LedgerStep } from "./ledger.ts";
import type { Step } from "./types.ts";

export interface StepRun {
  readonly pool: Pool;
  readonly lease: Lease;
  readonly ledger: Ledger;
  /** The migration's. */
  readonly id: string;
  readonly entry: LedgerStep;
  readonly rowsPerTransaction: number;
  readonly signal: AbortSignal | undefined;
  /** After each batch: rows gone through in this run. */
  readonly onRows: (rows: number) => void;
  /** Writes others in the place of the step into the ledger; they are run next. */
  readonly replace: (parts: readonly Step[]) => Promise<void>;
}

export type StepOf<Kind extends Step["kind"]> = Extract<Step, { kind: Kind }>;

/** The columns of a table's primary key in their order; none where it has none. */
export async function primaryKey(pool: Pool, table: string): Promise<string[]> {
  const rows = await autocommit<{ name: string }>(
    pool,
    // On Aurora DSQL the key's index includes all other columns.
    `SELECT a.attname AS name
     FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
     WHERE i.indrelid = to_regclass($1) AND i.indisprimary
     ORDER BY array_position(i.indkey::int2[], a.attnum)`,
    [table],
  );
  return rows.map(({ name }) => name);
}
