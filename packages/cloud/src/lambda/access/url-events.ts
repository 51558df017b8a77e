/**
 * HTTP requests to a function's address, or to an HTTP API's, as events, and what the function returns as HTTP responses.
 *
 * Source: AWS Lambda Developer Guide, "Invoking Lambda function URLs": payload format version 2.0.
 */

import type { IncomingHttpHeaders } from "node:http";
import type { ServiceResponse } from "../../service.ts";

export interface UrlRequest {
  readonly method: string;
  /** Below the address, as sent; starts with `/`. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly requestId: string;
}

/** What the address adds to a request. */
export interface HttpContext {
  /** Of the function's address or of the API. */
  readonly id: string;
  readonly domainName: string;
  readonly accountId: string;
  readonly routeKey: string;
  readonly stage: string;
  /** Of a signed request: who signed it. */
  readonly authorizer?: unknown;
  /** What only some addresses have: path parameters, stage variables. */
  readonly more?: Readonly<Record<string, unknown>>;
}

const textTypes = /^(?:text\/|application\/(?:json|javascript|xml|[^;]*\+(?:json|xml)))/;

export function httpEvent(request: UrlRequest, context: HttpContext): Record<string, unknown> {
  const { headers, query } = request;
  const { cookie, ...others } = headers;
  return {
    version: "2.0",
    routeKey: context.routeKey,
    rawPath: decodedPath(request.path),
    rawQueryString: query,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/; */) }),
    headers: joined(others),
    ...(query === "" ? {} : { queryStringParameters: parametersOf(query) }),
    requestContext: requestContext(request, context),
    ...context.more,
    ...bodyOf(request),
  };
}

function requestContext(request: UrlRequest, context: HttpContext) {
  const now = new Date();
  return {
    accountId: context.accountId,
    apiId: context.id,
    ...(context.authorizer === undefined ? {} : { authorizer: context.authorizer }),
    domainName: context.domainName,
    domainPrefix: context.id,
    http: {
      method: request.method,
      path: decodedPath(request.path),
      protocol: "HTTP/1.1",
      sourceIp: "127.0.0.1",
      userAgent: request.headers["user-agent"] ?? "",
    },
    requestId: request.requestId,
    routeKey: context.routeKey,
    stage: context.stage,
    time: logTime(now),
    timeEpoch: now.getTime(),
  };
}

function bodyOf({ body, headers }: UrlRequest): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const isText = textTypes.test(headers["content-type"] ?? "text/plain");
  return { body: body.toString(isText ? "utf8" : "base64"), isBase64Encoded: !isText };
}

function joined(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(",")]));
}

/** A name that comes twice has its values joined with commas. */
function parametersOf(query: string): Record<string, string> {
  const parameters = new URLSearchParams(query);
  return Object.fromEntries([...parameters.keys()].map((name) => [name, parameters.getAll(name).join(",")]));
}

function decodedPath(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `21/Nov/2026:09:30:00 +0000` */
function logTime(time: Date): string {
  const [date = "", clock = ""] = time.toISOString().split("T");
  const [year = "", month = "", day = ""] = date.split("-");
  return `${day}/${months[Number(month) - 1] ?? ""}/${year}:${clock.slice(0, 8)} +0000`;
}

/** A value with a `statusCode` is a response; any other is the body of one, as JSON unless it is a text. */
export function httpResponse(payload: string): ServiceResponse {
  const value = JSON.parse(payload) as unknown;
  if (!isResponse(value)) {
    const body = typeof value === "string" ? value : payload;
    return { status: 200, headers: { "content-type": "application/json" }, body };
  }
  const body = typeof value.body === "string" ? value.body : JSON.stringify(value.body ?? "");
  const headers: Record<string, string | string[]> = { "content-type": "application/json" };
  for (const [name, header] of Object.entries(value.headers ?? {}))
    headers[name.toLowerCase()] = String(header);
  if (value.cookies !== undefined && value.cookies.length > 0) headers["set-cookie"] = [...value.cookies];
  return {
    status: value.statusCode,
    headers,
    body: value.isBase64Encoded === true ? Buffer.from(body, "base64") : value.body === undefined ? "" : body,
  };
}

interface FunctionResponse {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly cookies?: readonly string[];
  readonly body?: unknown;
  readonly isBase64Encoded?: boolean;
}

function isResponse(value: unknown): value is FunctionResponse {
  const status = (value as { statusCode?: unknown } | null | undefined)?.statusCode;
  return typeof status === "number" && Number.isInteger(status) && status >= 100 && status <= 599;
}
