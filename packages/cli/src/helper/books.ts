/**
 * The books: what the accounts hold together and how many transfers the history has. Read before and after a stress
 * test, they prove that what the callers were told is what was committed.
 */
import { type Counts, count } from "@dsql-local/load";
import type pg from "pg";
import { missingTable } from "./missing-table.ts";

export interface Books {
  readonly accounts: bigint;
  /** Of all accounts together. */
  readonly balance: bigint;
  /** The smallest of them; undefined where there is no account. */
  readonly least: bigint | undefined;
  /** Rows of the history; undefined where there is no history yet (it comes with chapter 5). */
  readonly transfers: bigint | undefined;
}

export interface Finding {
  readonly holds: boolean;
  readonly text: string;
}

export async function readBooks(client: pg.ClientBase): Promise<Books> {
  // One statement, so that all numbers are of one snapshot.
  const { rows } = await client
    .query<{ accounts: string; balance: string | null; least: number | null }>(
      "SELECT count(*) AS accounts, sum(balance) AS balance, min(balance) AS least FROM accounts",
    )
    .catch(missingTable);
  const [sums] = rows;
  return {
    accounts: BigInt(sums?.accounts ?? 0),
    balance: BigInt(sums?.balance ?? 0),
    least: typeof sums?.least === "number" ? BigInt(sums.least) : undefined,
    transfers: await countTransfers(client),
  };
}

async function countTransfers(client: pg.ClientBase): Promise<bigint | undefined> {
  try {
    const { rows } = await client.query<{ transfers: string }>(
      "SELECT count(*) AS transfers FROM transactions",
    );
    return BigInt(rows[0]?.transfers ?? 0);
  } catch (error) {
    if ((error as pg.DatabaseError).code === undefinedTable) return undefined;
    throw error;
  }
}

const undefinedTable = "42P01";

/** Holds what is in the database against what the callers were told. */
export function judgeBooks(
  before: Books,
  after: Books,
  told: Pick<Counts, "successes" | "unknownOutcomes">,
): readonly Finding[] {
  const findings: Finding[] = [
    {
      holds: after.balance === before.balance && after.accounts === before.accounts,
      text: `The sum of ${count(after.accounts)} balances was ${count(before.balance)} and is ${count(after.balance)}`,
    },
  ];
  // What was below zero before was not brought there by these transfers.
  if ((before.least ?? 0n) >= 0n && after.least !== undefined) {
    findings.push({ holds: after.least >= 0n, text: `The smallest balance is ${count(after.least)}` });
  }
  if (before.transfers !== undefined && after.transfers !== undefined) {
    findings.push(judgeHistory(after.transfers - before.transfers, told));
  }
  return findings;
}

/**
 * One row per success. A call of which nobody knows whether it was carried out (its connection broke, or it was sent
 * again) may have left a row as well.
 */
function judgeHistory(
  rows: bigint,
  { successes, unknownOutcomes }: Pick<Counts, "successes" | "unknownOutcomes">,
): Finding {
  const unknown = unknownOutcomes === 0 ? "" : `, and ${count(unknownOutcomes)} of unknown outcome`;
  return {
    holds: rows >= BigInt(successes) && rows <= BigInt(successes + unknownOutcomes),
    text: `The history has ${count(rows)} new rows for ${count(successes)} successful transfers${unknown}`,
  };
}
