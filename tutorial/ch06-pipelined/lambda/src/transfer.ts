import { transaction } from "./db";
import type { Request } from "./request";
import { TransferError } from "./transfer-error";

/**
 * Makes one attempt at a transfer, in two round trips: BEGIN and the changes in one, COMMIT or ROLLBACK in the other.
 *
 * @returns the payer's new balance
 * @throws {TransferError} an account does not exist, or the payer's balance is too small
 * @throws {DatabaseError} with SQLSTATE 40001 when another transaction was first to commit a change of the same row
 */
export async function performTransfer({ payer_id, payee_id, amount }: Request): Promise<number> {
  return await transaction(async (client) => {
    // No statement needs the answer to the one before, so none waits for it.
    const deducting = client.query<{ balance: number }>(
      "UPDATE accounts SET balance = balance - $1 WHERE id = $2 RETURNING balance",
      [amount, payer_id],
    );
    const adding = client.query("UPDATE accounts SET balance = balance + $1 WHERE id = $2", [
      amount,
      payee_id,
    ]);
    const recording = client.query(
      "INSERT INTO transactions (payer_id, payee_id, amount) VALUES ($1, $2, $3)",
      [payer_id, payee_id, amount],
    );
    await Promise.allSettled([deducting, adding, recording]);

    // Now the answers, in the order of the statements: the first thing that is wrong is the one to tell.
    const payer = (await deducting).rows[0];
    if (payer === undefined) {
      throw new TransferError("AccountNotFound", "Payer account not found");
    }
    if (payer.balance < 0) {
      throw new TransferError("InsufficientBalance", "Insufficient balance");
    }
    if ((await adding).rowCount === 0) {
      throw new TransferError("AccountNotFound", "Payee account not found");
    }
    await recording;

    return payer.balance;
  });
}
