/**
 * What each call asks for: a transfer between two random accounts.
 *
 * Always true: payer and payee differ; both are from 1 to `accounts`; the same seed gives the same transfers in the same
 * order.
 */
import type { SeededRandom } from "./random.ts";

/** The request of the tutorial's function, by its names: ids of accounts, and a whole amount of money. */
export interface Transfer {
  readonly payer_id: number;
  readonly payee_id: number;
  readonly amount: number;
}

export interface TransferOptions {
  readonly random: SeededRandom;
  /** Accounts have the ids 1 to this. */
  readonly accounts: number;
  readonly amount: number;
  /** Transfers to leave out at the beginning: those of others who draw from the same seed. Default: none. */
  readonly skipped?: number | undefined;
}

/** @returns a function that gives the next transfer */
export function randomTransfers({ random, accounts, amount, skipped = 0 }: TransferOptions): () => Transfer {
  if (!Number.isSafeInteger(accounts) || accounts < 2) {
    throw new RangeError("a transfer needs at least 2 accounts");
  }
  const next = (): Transfer => {
    const payer_id = random.integer(1, accounts);
    // Drawn among the others: those from the payer on are one further along.
    const drawn = random.integer(1, accounts - 1);
    const payee_id = drawn < payer_id ? drawn : drawn + 1;
    return { payer_id, payee_id, amount };
  };
  for (let left = skipped; left > 0; left--) next();
  return next;
}
