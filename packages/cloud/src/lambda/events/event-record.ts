/**
 * What a destination is told of an asynchronous invocation that has ended.
 *
 * Source: AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
 */

import type { EventEnd } from "./event-queue.ts";
import type { InvokeOutput } from "../types.ts";

/** @param output - of the last attempt; undefined when there was no room for any */
export function eventRecord(
  { condition, attempts }: EventEnd,
  invocation: { readonly requestId: string; readonly functionArn: string; readonly payload: string },
  output: InvokeOutput | undefined,
): string {
  return JSON.stringify({
    version: "1.0",
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId: invocation.requestId,
      functionArn: invocation.functionArn,
      condition,
      approximateInvokeCount: attempts,
    },
    requestPayload: parsed(invocation.payload),
    ...(output === undefined
      ? {}
      : {
          responseContext: {
            statusCode: output.statusCode,
            executedVersion: output.executedVersion,
            ...(output.functionError === undefined ? {} : { functionError: output.functionError }),
          },
          responsePayload: parsed(output.payload),
        }),
  });
}

function parsed(payload: string): unknown {
  return payload === "" ? {} : (JSON.parse(payload) as unknown);
}
