import type { Handler } from "aws-lambda";
import { isOccError, isPgError } from "./db";
import { parseRequest } from "./request";
import { performTransfer } from "./transfer";
import { TransferError } from "./transfer-error";

/** `duration` is in milliseconds; `retries` counts the attempts after the first. */
type Response = { duration: number; retries: number } & (
  { balance: number } | { error: string; errorCode: string }
);

// An invocation that Lambda cuts off tells its caller nothing, so no new attempt starts this close to the end.
const attemptReserveMs = 1_000;

// The event is `unknown`, not `Request`: it comes from outside, and nobody has looked at it yet.
export const handler: Handler<unknown, Response> = async (event, context) => {
  const startTime = Date.now();
  let retries = 0;

  try {
    const request = parseRequest(event);
    while (true) {
      try {
        const balance = await performTransfer(request);
        return { balance, duration: Date.now() - startTime, retries };
      } catch (error: unknown) {
        const hasTimeLeft = context.getRemainingTimeInMillis() > attemptReserveMs;
        if (!isOccError(error) || !hasTimeLeft) throw error;
        // At once, without a pause: the transaction that won has already been committed.
        retries++;
      }
    }
  } catch (error: unknown) {
    if (error instanceof TransferError || isPgError(error)) {
      return { error: error.message, errorCode: error.code, duration: Date.now() - startTime, retries };
    }
    throw error;
  }
};
