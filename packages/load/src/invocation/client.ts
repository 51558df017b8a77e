/**
 * Invokes one Lambda function, many times a second: the Invoke API over connections that are kept, each request signed.
 *
 * Why not the AWS SDK: its client builds a command, a middleware stack and several streams per call. bench/invoke.bench.ts
 * measures both against the same server; the figures are in docs/performance.md.
 *
 * Always true
 * - `invoke` never throws: whatever happens is an answer with a code.
 * - A request that may have run the function and was sent again, or that ended without an answer of the function, is
 *   counted in `unknownOutcomes`.
 *
 * Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
import { setMaxListeners } from "node:events";
import { setTimeout as wait } from "node:timers/promises";

import { RequestSigner, payloadHash } from "@dsql-local/account";

import { type Answer, readAnswer } from "./answer.ts";
import { type Attempt, retryReason, retryWaitMs } from "./retry.ts";
import type { InvocationTarget } from "./target.ts";
import { TransportError, createTransport } from "./transport.ts";

/** For {@link createLambdaClient}. Times are milliseconds. */
export interface LambdaClientOptions {
  readonly target: InvocationTarget;
  readonly functionName: string;
  /** An alias, such as one with provisioned concurrency, or a version; `$LATEST` where it is left out. */
  readonly qualifier?: string | undefined;
  /** Invocations under way at a time. */
  readonly parallelMax: number;
  /** How long to wait for the function. Default: 2 minutes, four times the tutorial's timeout. */
  readonly answerTimeoutMs?: number;
  /** Called when Lambda refuses an invocation because too many are under way, before it is tried again. */
  readonly onThrottle?: (() => void) | undefined;
}

/** An answer, and what it took to get it. */
export interface Invocation {
  readonly answer: Answer;
  /** What came back, as it was sent; empty where nothing did. */
  readonly response: string;
  /** Times that Lambda refused because too many invocations were under way. */
  readonly throttles: number;
  /** Times that the request was sent again for a reason other than throttling. */
  readonly resends: number;
  /** Requests of which nobody knows whether the function ran to its end. */
  readonly unknownOutcomes: number;
}

/** Invokes one function. Connections are kept; a call that never reached Lambda is sent again. */
export interface LambdaClient {
  /** @param signal - ends a wait before the next attempt; what is under way is awaited */
  invoke(payload: object, signal?: AbortSignal): Promise<Invocation>;
  close(): Promise<void>;
}

const answerTimeoutMsDefault = 120_000;

/** @returns a client whose connections open with its first calls; close it */
export function createLambdaClient(options: LambdaClientOptions): LambdaClient {
  const { target, functionName, qualifier, parallelMax } = options;
  const { endpoint, region, credential } = target;
  const path = `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`;
  const query: [string, string][] = qualifier === undefined ? [] : [["Qualifier", qualifier]];
  const address = qualifier === undefined ? path : `${path}?Qualifier=${encodeURIComponent(qualifier)}`;
  const headers = { host: endpoint.host, "content-type": "application/json" };
  const signer = new RequestSigner({ credential, region, service: "lambda" });
  const transport = createTransport({
    endpoint,
    connectionsMax: parallelMax,
    answerTimeoutMs: options.answerTimeoutMs ?? answerTimeoutMsDefault,
  });

  const send = async (body: string, hash: string): Promise<Attempt> => {
    // Signed per attempt: a signature is good for five minutes, and an attempt may come later than that.
    const signed = signer.signHeaders(
      { method: "POST", path, query, headers, payloadHash: hash },
      Date.now(),
    );
    try {
      return await transport.post(address, signed, body);
    } catch (error) {
      if (error instanceof TransportError) return error;
      throw error;
    }
  };

  return {
    async invoke(payload, signal) {
      const body = JSON.stringify(payload);
      const hash = payloadHash(body);
      const counts = { throttles: 0, resends: 0, unknownOutcomes: 0 };
      for (let attempts = 1; ; attempts++) {
        const attempt = await send(body, hash);
        const answer = attempt instanceof Error ? noAnswer(attempt) : readAnswer(attempt);
        const reason = retryReason(attempt);
        if (reason === "throttled") {
          counts.throttles++;
          options.onThrottle?.();
        }
        if (isOutcomeUnknown(attempt, answer)) counts.unknownOutcomes++;

        const waitMs = reason && retryWaitMs(reason, attempts, Math.random());
        if (waitMs === undefined || !(await waited(waitMs, signal))) {
          return { answer, response: attempt instanceof Error ? "" : attempt.body, ...counts };
        }
        if (reason !== "throttled") counts.resends++;
      }
    },
    close: () => transport.close(),
  };
}

function noAnswer(error: TransportError): Answer {
  return { kind: "failure", code: error.code, message: error.message };
}

/**
 * The function's own word, success or refusal, is known; so is a refusal by Lambda, which did not start the function.
 * A function that was cut off, or that answered nothing readable, may have committed first.
 */
function isOutcomeUnknown(attempt: Attempt, answer: Answer): boolean {
  if (attempt instanceof Error) return attempt.wasSent;
  if (attempt.status >= 400) return attempt.status >= 500;
  if (attempt.functionError !== undefined) return true;
  return answer.kind === "failure" && answer.code === "InvalidResponse";
}

/** @returns false where the signal ended the wait */
async function waited(waitMs: number, signal: AbortSignal | undefined): Promise<boolean> {
  // All calls that wait listen to the one signal of the run: thousands are no leak.
  if (signal !== undefined) setMaxListeners(0, signal);
  try {
    await wait(waitMs, undefined, signal === undefined ? {} : { signal });
    return true;
  } catch {
    return false;
  }
}
