import { getPool } from "./db";
import type { Request } from "./request";
import { TransferError } from "./transfer-error";

// A statement alone is a transaction: all of it happens, or nothing. Its parts see the accounts as they were before it,
// and each other only through what RETURNING hands on: without a row in payer, neither payee nor history does anything.
const transferStatement = `
  WITH payer AS (
    UPDATE accounts SET balance = balance - $1
    WHERE id = $2 AND balance >= $1 AND EXISTS (SELECT FROM accounts WHERE id = $3)
    RETURNING balance
  ), payee AS (
    UPDATE accounts SET balance = balance + $1
    WHERE id = $3 AND EXISTS (SELECT FROM payer)
  ), history AS (
    INSERT INTO transactions (payer_id, payee_id, amount)
    SELECT $2, $3, $1 FROM payer
  )
  SELECT (SELECT balance FROM payer) AS balance,
    EXISTS (SELECT FROM accounts WHERE id = $2) AS has_payer,
    EXISTS (SELECT FROM accounts WHERE id = $3) AS has_payee`;

interface Outcome {
  /** Null: nothing was changed. */
  balance: number | null;
  has_payer: boolean;
  has_payee: boolean;
}

/**
 * Makes one attempt at a transfer, in one round trip.
 *
 * @returns the payer's new balance
 * @throws {TransferError} an account does not exist, or the payer's balance is too small
 * @throws {DatabaseError} with SQLSTATE 40001 when another transaction was first to commit a change of the same row
 */
export async function performTransfer({ payer_id, payee_id, amount }: Request): Promise<number> {
  const { rows } = await getPool().query<Outcome>(transferStatement, [amount, payer_id, payee_id]);
  const outcome = rows[0];
  if (outcome === undefined || !outcome.has_payer) {
    throw new TransferError("AccountNotFound", "Payer account not found");
  }
  if (!outcome.has_payee) {
    throw new TransferError("AccountNotFound", "Payee account not found");
  }
  if (outcome.balance === null) {
    throw new TransferError("InsufficientBalance", "Insufficient balance");
  }
  return outcome.balance;
}
