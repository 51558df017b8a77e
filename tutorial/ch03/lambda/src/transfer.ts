import { transaction } from "./db";
import type { Request } from "./request";
import { TransferError } from "./transfer-error";

/**
 * Makes one attempt at a transfer.
 *
 * @returns the payer's new balance
 * @throws {TransferError} an account does not exist, or the payer's balance is too small
 * @throws {DatabaseError} with SQLSTATE 40001 when another transaction was first to commit a change of the same row
 */
export async function performTransfer({ payer_id, payee_id, amount }: Request): Promise<number> {
  return await transaction(async (client) => {
    const deducted = await client.query<{ balance: number }>(
      "UPDATE accounts SET balance = balance - $1 WHERE id = $2 RETURNING balance",
      [amount, payer_id],
    );
    const payer = deducted.rows[0];
    if (payer === undefined) {
      throw new TransferError("AccountNotFound", "Payer account not found");
    }
    if (payer.balance < 0) {
      throw new TransferError("InsufficientBalance", "Insufficient balance");
    }

    const added = await client.query("UPDATE accounts SET balance = balance + $1 WHERE id = $2", [
      amount,
      payee_id,
    ]);
    if (added.rowCount === 0) {
      throw new TransferError("AccountNotFound", "Payee account not found");
    }

    return payer.balance;
  });
}
