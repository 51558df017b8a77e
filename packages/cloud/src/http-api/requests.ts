/**
 * Serves the addresses of HTTP APIs: finds stage and route, asks whether the function lets API Gateway in, invokes it.
 *
 * Source: Amazon API Gateway Developer Guide, "Working with AWS Lambda proxy integrations for HTTP APIs", "Configuring CORS
 * for an HTTP API".
 */

import { setTimeout as sleep } from "node:timers/promises";

import {
  corsHeaders,
  httpEvent,
  httpResponse,
  isPreflight,
  type Lambda,
  type UrlRequest,
} from "../lambda/index.ts";
import { ServiceError, type ServiceResponse } from "../service.ts";
import { type HttpApi, httpApiPath, type HttpApis, type Integration, type Route } from "./http-apis.ts";
import { defaultRouteKey, type MatchedRoute, matchRoute } from "./routes.ts";

export interface HttpApiRequestsOptions {
  readonly apis: HttpApis;
  readonly lambda: Pick<Lambda, "invoke" | "permissions">;
  readonly account: string;
  readonly region: string;
}

/** The one that has no name in the path. */
const defaultStage = "$default";

interface Taken extends MatchedRoute<Route> {
  readonly api: HttpApi;
  readonly stage: string;
  readonly integration: Integration;
}

export class HttpApiRequests {
  readonly #options: HttpApiRequestsOptions;

  constructor(options: HttpApiRequestsOptions) {
    this.#options = options;
  }

  /** @param path - the endpoint's, `/http-api/<id>/…` */
  isKnown(path: string): boolean {
    return this.#options.apis.find(apiIdIn(path)) !== undefined;
  }

  /** @param request - its path is the endpoint's, `/http-api/<id>/…` */
  async handle(request: UrlRequest): Promise<ServiceResponse> {
    const api = this.#options.apis.find(apiIdIn(request.path));
    if (api === undefined) return notFound;
    const cors = corsHeaders(api.cors, request.headers.origin);
    if (api.cors !== undefined && isPreflight(request)) return { status: 204, headers: cors, body: "" };
    const path = pathBelow(request.path);
    const taken = takenBy(api, request.method, path);
    const answer = taken === undefined ? notFound : await this.#answer(taken, { ...request, path });
    return { ...answer, headers: { ...answer.headers, ...cors } };
  }

  async #answer(taken: Taken, request: UrlRequest): Promise<ServiceResponse> {
    const { lambda, account, region } = this.#options;
    const { api, stage, route, pathParameters, integration } = taken;
    const [method = "ANY", path = route.routeKey] = route.routeKey.split(" ");
    const source = route.routeKey === defaultRouteKey ? `${stage}/$default` : `${stage}/${method}${path}`;
    const letsIn = lambda.permissions.letsServiceIn(integration.functionArn, {
      service: "apigateway.amazonaws.com",
      sourceArn: `arn:aws:execute-api:${region}:${account}:${api.apiId}/${source}`,
      account,
    });
    // As in AWS: what is wrong with the integration is nothing to the caller.
    if (!letsIn) return internalError;
    const variables = api.stages[stage]?.variables;
    const event = httpEvent(request, {
      id: api.apiId,
      domainName: `${api.apiId}.execute-api.${region}.amazonaws.com`,
      accountId: account,
      routeKey: route.routeKey,
      stage,
      more: {
        ...(Object.keys(pathParameters).length === 0 ? {} : { pathParameters }),
        ...(variables === undefined ? {} : { stageVariables: variables }),
      },
    });
    return await this.#invoke(integration, JSON.stringify(event), request.requestId);
  }

  /** The caller hears no later than the integration's timeout; the function goes on, as in AWS. */
  async #invoke(integration: Integration, payload: string, requestId: string): Promise<ServiceResponse> {
    const answered = new AbortController();
    const tooLate = sleep(integration.timeoutMs, unavailable, { signal: answered.signal, ref: false });
    try {
      return await Promise.race([this.#outcome(integration, payload, requestId), tooLate]);
    } finally {
      tooLate.catch(() => undefined);
      answered.abort();
    }
  }

  async #outcome({ functionArn }: Integration, payload: string, requestId: string): Promise<ServiceResponse> {
    try {
      const { payload: answer, functionError } = await this.#options.lambda.invoke({
        functionName: functionArn,
        payload,
        requestId,
      });
      return functionError === undefined ? httpResponse(answer) : internalError;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (error.status === 413) return message(413, "Request Entity Too Large");
      return error.status === 404 ? internalError : unavailable;
    }
  }
}

function takenBy(api: HttpApi, method: string, path: string): Taken | undefined {
  const [, first = ""] = path.split("/", 2);
  const isNamed = first !== defaultStage && Object.hasOwn(api.stages, first);
  if (!isNamed && !Object.hasOwn(api.stages, defaultStage)) return undefined;
  const routePath = isNamed ? path.slice(first.length + 1) || "/" : path;
  const matched = matchRoute(Object.values(api.routes), { method, path: routePath });
  const integration = matched && api.integrations[matched.route.integrationId];
  if (matched === undefined || integration === undefined) return undefined;
  return { ...matched, api, stage: isNamed ? first : defaultStage, integration };
}

function apiIdIn(path: string): string {
  return path.slice(httpApiPath.length).split("/", 1)[0] ?? "";
}

function pathBelow(path: string): string {
  return path.slice(httpApiPath.length + apiIdIn(path).length) || "/";
}

/** In small letters, as API Gateway has it. */
function message(status: number, words: string): ServiceResponse {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ message: words }),
  };
}

const notFound = message(404, "Not Found");
const internalError = message(500, "Internal Server Error");
const unavailable = message(503, "Service Unavailable");
