/**
 * Lambda's REST-JSON API over the control operations and the invoker.
 *
 * Source: AWS Lambda API Reference; each route's path is the operation's "Request Syntax".
 */

import type {
  EventInvokeConfigs,
  FunctionUrls,
  Permissions,
  ProvisionedConcurrency,
} from "../access/index.ts";
import { Gate, type ServiceAccess } from "../../authorization.ts";
import { type LambdaFacts, type LambdaInput, permissionTable } from "../../permissions/index.ts";
import { type JsonObject, notOffered, parseJsonBody } from "../../protocol/index.ts";
import type { ServiceRequest, ServiceResponse } from "../../service.ts";
import {
  concurrencyRoutes,
  permissionRoutes,
  provisionedConcurrencyRoutes,
  tagRoutes,
  urlRoutes,
} from "./access-routes.ts";
import type { Concurrency } from "../concurrency.ts";
import { eventInvokeRoutes } from "./event-invoke-routes.ts";
import { validation } from "../errors.ts";
import { functionRoutes, versionRoutes } from "./function-routes.ts";
import type { Functions } from "../functions.ts";
import { decode, type Route } from "./routes.ts";
import type { InvocationType, InvokeInput, InvokeOutput } from "../types.ts";

export interface LambdaApiOptions {
  readonly functions: Functions;
  readonly permissions: Permissions;
  readonly provisionedConcurrency: ProvisionedConcurrency;
  readonly urls: FunctionUrls;
  readonly eventInvokeConfigs: EventInvokeConfigs;
  readonly concurrency: Concurrency;
  readonly access: Omit<ServiceAccess<LambdaInput, LambdaFacts>, "table">;
  readonly invoke: (input: InvokeInput) => Promise<InvokeOutput>;
}

const functionsPath = "/2015-03-31/functions";
const invocationsEnding = "/invocations";
const invocationTypes: readonly string[] = ["RequestResponse", "Event", "DryRun"];

export class LambdaApi {
  readonly #gate: Gate<LambdaInput, LambdaFacts>;
  readonly #invoke: (input: InvokeInput) => Promise<InvokeOutput>;
  readonly #routes: readonly Route[];

  constructor(options: LambdaApiOptions) {
    const { functions, concurrency } = options;
    this.#invoke = options.invoke;
    this.#routes = [
      ...functionRoutes(functions),
      ...versionRoutes(functions),
      ...permissionRoutes(options.permissions),
      ...tagRoutes(functions),
      ...concurrencyRoutes(functions, concurrency),
      ...provisionedConcurrencyRoutes(options.provisionedConcurrency),
      ...urlRoutes(options.urls),
      ...eventInvokeRoutes(options.eventInvokeConfigs),
    ];
    const operations = ["Invoke", ...this.#routes.map(({ name }) => name)];
    this.#gate = new Gate({ ...options.access, table: permissionTable.lambda, operations });
  }

  async handle(request: ServiceRequest): Promise<ServiceResponse> {
    // The load test's path, before the routes.
    const { path, method } = request;
    if (method === "POST" && path.startsWith(functionsPath) && path.endsWith(invocationsEnding)) {
      return this.#handleInvoke(request);
    }
    for (const route of this.#routes) {
      const match = route.method === method ? route.path.exec(path) : null;
      if (match !== null) return this.#handleRoute(route, request, match.slice(1).map(decode));
    }
    throw notOffered("Lambda", `${method} ${path}`, ["Invoke", ...this.#routes.map(({ name }) => name)]);
  }

  async #handleRoute(route: Route, request: ServiceRequest, parts: string[]): Promise<ServiceResponse> {
    this.#admit(route.name, request, parts[0]);
    const output = await route.run({ request, parts });
    if (output === undefined) return { status: 204 };
    return {
      status: route.status ?? 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(output),
    };
  }

  async #handleInvoke(request: ServiceRequest): Promise<ServiceResponse> {
    const { headers, path } = request;
    const functionName = decode(path.slice(functionsPath.length + 1, -invocationsEnding.length));
    this.#admit("Invoke", request, functionName);
    const clientContext = headers["x-amz-client-context"];
    const qualifier = request.query.get("Qualifier");
    const output = await this.#invoke({
      functionName,
      payload: request.body,
      requestId: request.requestId,
      invocationType: invocationType(headers["x-amz-invocation-type"]),
      logType: headers["x-amz-log-type"] === "Tail" ? "Tail" : "None",
      ...(qualifier === null ? {} : { qualifier }),
      ...(typeof clientContext === "string" ? { clientContext } : {}),
    });
    return {
      status: output.statusCode,
      headers: {
        "content-type": "application/json",
        "x-amz-executed-version": output.executedVersion,
        ...(output.functionError === undefined ? {} : { "x-amz-function-error": output.functionError }),
        ...(output.logResult === undefined ? {} : { "x-amz-log-result": output.logResult }),
      },
      body: output.payload,
    };
  }

  #admit(operation: string, request: ServiceRequest, functionName = ""): void {
    const { query } = request;
    const qualifier = query.get("Qualifier") ?? undefined;
    const body = (): JsonObject => parseJsonBody(request.body);
    this.#gate.admit(operation, { functionName, qualifier, query, body }, request);
  }
}

function invocationType(header: string | string[] | undefined): InvocationType {
  if (header === undefined) return "RequestResponse";
  if (typeof header === "string" && invocationTypes.includes(header)) return header as InvocationType;
  throw validation(
    `Value '${String(header)}' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]`,
  );
}
