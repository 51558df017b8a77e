import type { Handler } from "aws-lambda";
import { parseRequest } from "./request";
import { performTransfer } from "./transfer";
import { TransferError } from "./transfer-error";

type Response = { balance: number } | { error: string; errorCode: string };

// The event is `unknown`, not `Request`: it comes from outside, and nobody has looked at it yet.
export const handler: Handler<unknown, Response> = async (event) => {
  try {
    const request = parseRequest(event);
    const balance = await performTransfer(request);
    return { balance };
  } catch (error: unknown) {
    if (error instanceof TransferError) {
      return { error: error.message, errorCode: error.code };
    }
    throw error;
  }
};
