/**
 * Serves functions' addresses: finds the function, asks whether the caller may, invokes it, answers in HTTP.
 *
 * Source: AWS Lambda Developer Guide, "Control access to Lambda function URLs", "Cross-origin resource sharing".
 */

import type { IncomingHttpHeaders } from "node:http";
import { Gate, type ServiceAccess } from "../../authorization.ts";
import { type LambdaFacts, type LambdaInput, permissionTable } from "../../permissions/index.ts";
import { ServiceError, type Caller, type ServiceResponse } from "../../service.ts";
import { type FoundFunctionUrl, functionUrlPath, type FunctionUrls } from "./function-urls.ts";
import { isUrlPublic } from "./permissions.ts";
import type { FunctionUrlCors, InvokeInput, InvokeOutput } from "../types.ts";
import { httpEvent, httpResponse, type UrlRequest } from "./url-events.ts";

export interface FunctionUrlRequestsOptions {
  readonly urls: FunctionUrls;
  readonly invoke: (input: InvokeInput) => Promise<InvokeOutput>;
  readonly access: Omit<ServiceAccess<LambdaInput, LambdaFacts>, "table">;
  readonly account: string;
  readonly region: string;
}

export class FunctionUrlRequests {
  readonly #options: FunctionUrlRequestsOptions;

  readonly #gate: Gate<LambdaInput, LambdaFacts>;

  constructor(options: FunctionUrlRequestsOptions) {
    this.#options = options;
    const operations = ["InvokeFunctionUrl"];
    this.#gate = new Gate({ ...options.access, table: permissionTable.lambda, operations });
  }

  /** @param path - the endpoint's, `/lambda-url/<id>/…` */
  isKnown(path: string): boolean {
    return this.#options.urls.byId(urlIdIn(path)) !== undefined;
  }

  /**
   * @param request - its path is the endpoint's, `/lambda-url/<id>/…`
   * @param caller - who signed it; undefined when nobody did
   */
  async handle(request: UrlRequest, caller: Caller | undefined): Promise<ServiceResponse> {
    const found = this.#options.urls.byId(urlIdIn(request.path));
    // An address that nobody has answers as one that nobody may call.
    if (found === undefined) return forbidden;
    const cors = corsHeaders(found.url.Cors, request.headers.origin);
    if (found.url.Cors !== undefined && isPreflight(request)) return { status: 200, headers: cors, body: "" };
    if (!this.#mayCall(found, caller)) return forbidden;
    const answer = await this.#invoke(found, { ...request, path: pathBelow(request.path) }, caller);
    return { ...answer, headers: { ...answer.headers, ...cors } };
  }

  #mayCall({ url, record }: FoundFunctionUrl, caller: Caller | undefined): boolean {
    if (url.AuthType === "NONE") return isUrlPublic(record, url.Qualifier);
    if (caller === undefined) return false;
    const input = {
      functionName: record.latest.FunctionName,
      qualifier: url.Qualifier,
      query: new URLSearchParams(),
      body: () => ({}),
    };
    return this.#gate.admits("InvokeFunctionUrl", input, { caller, region: this.#options.region });
  }

  async #invoke(
    { url, record }: FoundFunctionUrl,
    request: UrlRequest,
    caller: Caller | undefined,
  ): Promise<ServiceResponse> {
    const { account, region, invoke } = this.#options;
    const callerArn = url.AuthType === "AWS_IAM" ? caller?.callerArn : undefined;
    const event = httpEvent(request, {
      id: url.UrlId,
      domainName: `${url.UrlId}.lambda-url.${region}.on.aws`,
      accountId: callerArn === undefined ? "anonymous" : account,
      routeKey: "$default",
      stage: "$default",
      ...(callerArn === undefined ? {} : { authorizer: { iam: { accountId: account, userArn: callerArn } } }),
    });
    try {
      const output = await invoke({
        functionName: record.latest.FunctionName,
        payload: JSON.stringify(event),
        requestId: request.requestId,
        ...(url.Qualifier === undefined ? {} : { qualifier: url.Qualifier }),
      });
      return output.functionError === undefined ? httpResponse(output.payload) : badGateway;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return message(error.status, error.status === 429 ? "Too Many Requests" : error.message);
    }
  }
}

function urlIdIn(path: string): string {
  return path.slice(functionUrlPath.length).split("/", 1)[0] ?? "";
}

function pathBelow(path: string): string {
  return path.slice(functionUrlPath.length + urlIdIn(path).length) || "/";
}

function message(status: number, text: string): ServiceResponse {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ Message: text }),
  };
}

const forbidden = message(
  403,
  "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
);

const badGateway: ServiceResponse = {
  status: 502,
  headers: { "content-type": "text/plain" },
  body: "Internal Server Error",
};

export function isPreflight({ method, headers }: UrlRequest): boolean {
  return method === "OPTIONS" && headers["access-control-request-method"] !== undefined;
}

/** What the address's own settings say to a browser; they replace what the function says. */
export function corsHeaders(
  cors: FunctionUrlCors | undefined,
  origin: IncomingHttpHeaders["origin"],
): Record<string, string> {
  const origins = cors?.AllowOrigins ?? [];
  if (cors === undefined || origin === undefined) return {};
  if (!origins.includes("*") && !origins.includes(origin)) return {};
  const lists = {
    "access-control-allow-methods": cors.AllowMethods,
    "access-control-allow-headers": cors.AllowHeaders,
    "access-control-expose-headers": cors.ExposeHeaders,
  };
  const headers: Record<string, string> = { "access-control-allow-origin": origin, vary: "Origin" };
  for (const [name, values] of Object.entries(lists)) {
    if (values !== undefined && values.length > 0) headers[name] = values.join(",");
  }
  if (cors.AllowCredentials === true) headers["access-control-allow-credentials"] = "true";
  if (cors.MaxAge !== undefined) headers["access-control-max-age"] = String(cors.MaxAge);
  return headers;
}
