import { TransferError } from "./transfer-error";

/** Move `amount` from one account to another. */
export interface Request {
  payer_id: number;
  payee_id: number;
  amount: number;
}

// The columns are INT: what does not fit would be refused by the database, but later and less clearly.
const intMax = 2_147_483_647;

/** Reads an event that anybody may have sent. */
export function parseRequest(event: unknown): Request {
  if (typeof event !== "object" || event === null) {
    throw new TransferError(
      "InvalidRequest",
      "The request must be an object with payer_id, payee_id and amount",
    );
  }
  const payer_id = readInteger(event, "payer_id", -intMax - 1);
  const payee_id = readInteger(event, "payee_id", -intMax - 1);
  const amount = readInteger(event, "amount", 1);
  if (payer_id === payee_id) {
    throw new TransferError("InvalidRequest", "payer_id and payee_id must differ");
  }
  return { payer_id, payee_id, amount };
}

function readInteger(event: object, name: keyof Request, min: number): number {
  const value: unknown = (event as Record<string, unknown>)[name];
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > intMax) {
    throw new TransferError("InvalidRequest", `${name} must be an integer from ${min} to ${intMax}`);
  }
  return value;
}
