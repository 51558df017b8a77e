/**
 * Signed requests to the running stack's AWS endpoint, as its local administrator.
 *
 * The commands that need it ask for one thing and end: an AWS SDK client would take longer to load than they take.
 */
import { payloadHash, RequestSigner } from "@dsql-local/account";
import { Failure } from "../failure.ts";
import { administratorKey } from "./credentials.ts";
import type { StackFacts } from "./stack-facts.ts";

export interface AwsRequest {
  /** As it stands in the signature: `lambda`, `logs`. */
  readonly service: string;
  readonly method: string;
  /** Percent-encoded. */
  readonly path: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface AwsAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** What AWS refused: its code, and its message as the error's. */
export class AwsError extends Failure {
  readonly code: string;

  constructor(code: string, message: string, remedy?: string) {
    super(message, { remedy });
    this.code = code;
  }
}

export type AwsClient = (request: AwsRequest) => Promise<AwsAnswer>;

/** The client throws an `AwsError` for what the service refuses. */
export function awsClient(facts: StackFacts): AwsClient {
  const { awsEndpoint, region } = facts;
  const credential = administratorKey(facts);
  return async ({ service, method, path, query = [], headers = {}, body = "", signal }) => {
    const url = new URL(path, awsEndpoint);
    for (const [name, value] of query) url.searchParams.append(name, value);
    const signer = new RequestSigner({ credential, region, service });
    const signed = signer.signHeaders(
      { method, path, query, headers: { host: url.host, ...headers }, payloadHash: payloadHash(body) },
      Date.now(),
    );
    const { host: _host, ...sent } = signed;
    const response = await fetch(url, {
      method,
      headers: sent,
      ...(method === "GET" ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await response.text();
    if (response.ok) return { status: response.status, headers: response.headers, text };
    throw refusalOf(response.headers, text);
  };
}

/** The code stands in a header, or in the body beside the message, in one of two spellings. */
function refusalOf(headers: Headers, text: string): AwsError {
  const body = parsed(text);
  const code = headers.get("x-amzn-errortype") ?? body.__type ?? "Error";
  return new AwsError(code.replace(/^.*#|:.*$/g, ""), body.message ?? body.Message ?? text);
}

interface Refusal {
  readonly __type?: string;
  readonly message?: string;
  readonly Message?: string;
}

function parsed(text: string): Refusal {
  try {
    return JSON.parse(text) as Refusal;
  } catch {
    return {};
  }
}
