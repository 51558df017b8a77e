/**
 * The tutorial's database: role, tables, grants and indexes, statement for statement as the talk has them. What is there
 * already is left as it is, so that the demonstration can be repeated on its data directory.
 */
import pg from "pg";
import { Failure } from "../failure.ts";

export const accounts = { count: 1_000, openingBalance: 100 } as const;

export interface Books {
  readonly accounts: number;
  /** Of all accounts together. */
  readonly balance: number;
  /** Rows of the transfers' history. */
  readonly transfers: number;
}

export async function createRole(client: pg.ClientBase, lambdaRoleArn: string): Promise<void> {
  await createUnlessThere(client, "CREATE ROLE myapp WITH LOGIN");
  const mapped = await query(
    client,
    "SELECT 1 FROM sys.iam_pg_role_mappings WHERE pg_role_name = $1 AND arn = $2",
    ["myapp", lambdaRoleArn],
  );
  if (mapped.rowCount === 0) {
    await query(client, `AWS IAM GRANT myapp TO ${pg.escapeLiteral(lambdaRoleArn)}`);
  }
}

export async function createTables(client: pg.ClientBase): Promise<void> {
  await createUnlessThere(client, "CREATE TABLE accounts (id INT PRIMARY KEY, balance INT)");
  const filled = await query<{ count: string }>(client, "SELECT COUNT(*) AS count FROM accounts");
  if (Number(filled.rows[0]?.count) === 0) {
    await query(
      client,
      `INSERT INTO accounts (id, balance)
       SELECT id, ${accounts.openingBalance} FROM generate_series(1, ${accounts.count}) AS id`,
    );
  }
  await createUnlessThere(
    client,
    `CREATE TABLE transactions (
       id UUID DEFAULT gen_random_uuid() PRIMARY KEY,
       payer_id INT,
       payee_id INT,
       amount INT,
       created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
     )`,
  );
  await query(client, "GRANT ALL ON public.accounts TO myapp");
  await query(client, "GRANT ALL ON public.transactions TO myapp");
}

/** Starts the index builds and waits for their jobs. @returns how many were built; those that are valid already are not */
export async function createIndexes(client: pg.ClientBase): Promise<number> {
  let built = 0;
  for (const side of ["payer", "payee"] as const) {
    const name = `idx_transactions_${side}`;
    if (await isValidIndex(client, name)) continue;
    // One that an interrupted or failed build left behind is in the way and of no use.
    await query(client, `DROP INDEX IF EXISTS ${name}`);
    const started = await query<{ job_id: string }>(
      client,
      `CREATE INDEX ASYNC ${name} ON transactions(${side}_id, created_at)`,
    );
    await waitForJob(client, started.rows[0]?.job_id ?? "", name);
    built += 1;
  }
  return built;
}

async function waitForJob(client: pg.ClientBase, jobId: string, indexName: string): Promise<void> {
  await query(client, `CALL sys.wait_for_job(${pg.escapeLiteral(jobId)})`);
  if (await isValidIndex(client, indexName)) return;
  const job = await query<{ status: string; details: string | null }>(
    client,
    "SELECT status, details FROM sys.jobs WHERE job_id = $1",
    [jobId],
  );
  const { status = "unknown", details } = job.rows[0] ?? {};
  throw new Failure(`the build of ${indexName} ended as ${status}${details ? `: ${details}` : ""}`);
}

async function isValidIndex(client: pg.ClientBase, name: string): Promise<boolean> {
  const found = await query(
    client,
    `SELECT 1 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE relname = $1 AND relnamespace = 'public'::regnamespace AND indisvalid`,
    [name],
  );
  return (found.rowCount ?? 0) > 0;
}

/** Accounts and history, read in one snapshot. */
export async function readBooks(client: pg.ClientBase): Promise<Books> {
  const read = await query<Record<keyof Books, string>>(
    client,
    `SELECT (SELECT count(*) FROM accounts) AS accounts,
            (SELECT sum(balance) FROM accounts) AS balance,
            (SELECT count(*) FROM transactions) AS transfers`,
  );
  const { accounts: count, balance, transfers } = read.rows[0] ?? {};
  return { accounts: Number(count), balance: Number(balance), transfers: Number(transfers) };
}

/** The richer of accounts 1 and 2, so that the one transfer finds money however often it was made before. */
export async function readPayer(client: pg.ClientBase): Promise<number> {
  const read = await query<{ id: number }>(
    client,
    "SELECT id FROM accounts WHERE id IN (1, 2) ORDER BY balance DESC, id LIMIT 1",
  );
  return read.rows[0]?.id ?? 1;
}

/** PostgreSQL's codes for "already exists": a table or index, a role. */
const alreadyThere = new Set(["42P07", "42710"]);

async function createUnlessThere(client: pg.ClientBase, statement: string): Promise<void> {
  try {
    await query(client, statement);
  } catch (error) {
    if (!alreadyThere.has((error as pg.DatabaseError).code ?? "")) throw error;
  }
}

/** A change of the catalog, by us or by a finished job, may cost the next statement a conflict (OC001). */
const attemptsMax = 5;

async function query<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  statement: string,
  values: readonly unknown[] = [],
): Promise<pg.QueryResult<Row>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await client.query<Row>(statement, [...values]);
    } catch (error) {
      if ((error as pg.DatabaseError).code !== "40001" || attempt === attemptsMax) throw error;
    }
  }
}
