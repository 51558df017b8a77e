/**
 * Lambda's REST-JSON API over the control operations and the invoker.
 *
 * Source: AWS Lambda API Reference; each route's path is the operation's "Request Syntax".
 */

import type { Authorizer } from "../authorization.ts";
import { notOffered, parseJsonBody } from "../protocol/index.ts";
import { ServiceError, type ServiceRequest, type ServiceResponse } from "../service.ts";
import type { Concurrency } from "./concurrency.ts";
import { validation } from "./errors.ts";
import { parseFunctionName } from "./function-name.ts";
import type { Functions } from "./functions.ts";
import { codeUnzippedBytesMax, codeZippedBytesMax } from "./limits.ts";
import type {
  CreateFunctionInput,
  InvocationType,
  InvokeInput,
  InvokeOutput,
  PermissionInput,
  UpdateFunctionCodeInput,
  UpdateFunctionConfigurationInput,
} from "./types.ts";

interface Call {
  readonly request: ServiceRequest;
  /** The path's variable parts, decoded. */
  readonly parts: readonly string[];
}

interface Route {
  /** The operation, which is also the IAM action. */
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  /** 200 unless given. */
  readonly status?: number;
  readonly run: (call: Call) => unknown;
}

const functionsPath = "/2015-03-31/functions";
const invocationsEnding = "/invocations";
const invocationTypes: readonly string[] = ["RequestResponse", "Event", "DryRun"];

export class LambdaApi {
  readonly #functions: Functions;
  readonly #authorizer: Authorizer;
  readonly #concurrency: Concurrency;
  readonly #invoke: (input: InvokeInput) => Promise<InvokeOutput>;
  readonly #routes: readonly Route[];

  constructor(options: {
    functions: Functions;
    authorizer: Authorizer;
    concurrency: Concurrency;
    invoke: (input: InvokeInput) => Promise<InvokeOutput>;
  }) {
    this.#functions = options.functions;
    this.#authorizer = options.authorizer;
    this.#concurrency = options.concurrency;
    this.#invoke = options.invoke;
    this.#routes = [...this.#functionRoutes(), ...this.#versionRoutes(), ...this.#otherRoutes()];
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
    this.#authorize(request, route.name, parts[0]);
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
    this.#authorize(request, "InvokeFunction", functionName);
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

  #authorize({ caller }: ServiceRequest, operation: string, functionName: string | undefined): void {
    const name = functionName === undefined ? undefined : parseFunctionName(functionName).name;
    try {
      this.#authorizer(
        caller,
        `lambda:${operation}`,
        name === undefined ? "*" : this.#functions.functionArn(name),
      );
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      // Lambda's name for the refusal is not that of the query services.
      throw new ServiceError({ code: "AccessDeniedException", message: error.message, status: error.status });
    }
  }

  #functionRoutes(): Route[] {
    const functions = this.#functions;
    return [
      {
        name: "CreateFunction",
        method: "POST",
        path: /^\/2015-03-31\/functions\/?$/,
        status: 201,
        run: ({ request }) => functions.createFunction(input<CreateFunctionInput>(request, "FunctionName")),
      },
      {
        name: "ListFunctions",
        method: "GET",
        path: /^\/2015-03-31\/functions\/?$/,
        run: ({ request }) =>
          page(
            request,
            "Functions",
            functions.listFunctions({ allVersions: request.query.get("FunctionVersion") === "ALL" }),
          ),
      },
      {
        name: "GetFunction",
        method: "GET",
        path: /^\/2015-03-31\/functions\/([^/]+)$/,
        run: ({ request, parts: [name = ""] }) => functions.getFunction(name, qualifierOf(request)),
      },
      {
        name: "DeleteFunction",
        method: "DELETE",
        path: /^\/2015-03-31\/functions\/([^/]+)$/,
        run: ({ request, parts: [name = ""] }) => functions.deleteFunction(name, qualifierOf(request)),
      },
      {
        name: "GetFunctionConfiguration",
        method: "GET",
        path: /^\/2015-03-31\/functions\/([^/]+)\/configuration$/,
        run: ({ request, parts: [name = ""] }) =>
          functions.getFunctionConfiguration(name, qualifierOf(request)),
      },
      {
        name: "UpdateFunctionConfiguration",
        method: "PUT",
        path: /^\/2015-03-31\/functions\/([^/]+)\/configuration$/,
        run: ({ request, parts: [FunctionName = ""] }) =>
          functions.updateFunctionConfiguration({
            ...input<UpdateFunctionConfigurationInput>(request),
            FunctionName,
          }),
      },
      {
        name: "UpdateFunctionCode",
        method: "PUT",
        path: /^\/2015-03-31\/functions\/([^/]+)\/code$/,
        run: ({ request, parts: [FunctionName = ""] }) =>
          functions.updateFunctionCode({ ...input<UpdateFunctionCodeInput>(request), FunctionName }),
      },
    ];
  }

  #versionRoutes(): Route[] {
    const functions = this.#functions;
    const versions = /^\/2015-03-31\/functions\/([^/]+)\/versions$/;
    const aliases = /^\/2015-03-31\/functions\/([^/]+)\/aliases$/;
    const alias = /^\/2015-03-31\/functions\/([^/]+)\/aliases\/([^/]+)$/;
    return [
      {
        name: "PublishVersion",
        method: "POST",
        path: versions,
        status: 201,
        run: ({ request, parts: [FunctionName = ""] }) =>
          functions.publishVersion({ ...input(request), FunctionName }),
      },
      {
        name: "ListVersionsByFunction",
        method: "GET",
        path: versions,
        run: ({ request, parts: [name = ""] }) => page(request, "Versions", functions.listVersions(name)),
      },
      {
        name: "CreateAlias",
        method: "POST",
        path: aliases,
        status: 201,
        run: ({ request, parts: [FunctionName = ""] }) =>
          functions.createAlias({
            ...input<{ Name: string }>(request, "Name", "FunctionVersion"),
            FunctionName,
          }),
      },
      {
        name: "ListAliases",
        method: "GET",
        path: aliases,
        run: ({ request, parts: [name = ""] }) => page(request, "Aliases", functions.listAliases(name)),
      },
      {
        name: "GetAlias",
        method: "GET",
        path: alias,
        run: ({ parts: [name = "", aliasName = ""] }) => functions.getAlias(name, aliasName),
      },
      {
        name: "UpdateAlias",
        method: "PUT",
        path: alias,
        run: ({ request, parts: [FunctionName = "", Name = ""] }) =>
          functions.updateAlias({ ...input(request), FunctionName, Name }),
      },
      {
        name: "DeleteAlias",
        method: "DELETE",
        path: alias,
        run: ({ parts: [name = "", aliasName = ""] }) => functions.deleteAlias(name, aliasName),
      },
    ];
  }

  #otherRoutes(): Route[] {
    const functions = this.#functions;
    const policy = /^\/2015-03-31\/functions\/([^/]+)\/policy$/;
    const tags = /^\/2017-03-31\/tags\/([^/]+)$/;
    return [
      {
        name: "AddPermission",
        method: "POST",
        path: policy,
        status: 201,
        run: ({ request, parts: [FunctionName = ""] }) => {
          const permission = input<PermissionInput>(request, "StatementId", "Action", "Principal");
          return functions.addPermission({ ...permission, FunctionName, ...qualifierMember(request) });
        },
      },
      {
        name: "GetPolicy",
        method: "GET",
        path: policy,
        run: ({ parts: [name = ""] }) => functions.getPolicy(name),
      },
      {
        name: "RemovePermission",
        method: "DELETE",
        path: /^\/2015-03-31\/functions\/([^/]+)\/policy\/([^/]+)$/,
        run: ({ parts: [name = "", statementId = ""] }) => functions.removePermission(name, statementId),
      },
      {
        name: "ListTags",
        method: "GET",
        path: tags,
        run: ({ parts: [resource = ""] }) => ({ Tags: functions.listTags(resource) }),
      },
      {
        name: "TagResource",
        method: "POST",
        path: tags,
        run: ({ request, parts: [resource = ""] }) =>
          functions.tagResource(resource, input<{ Tags: Record<string, string> }>(request, "Tags").Tags),
      },
      {
        name: "UntagResource",
        method: "DELETE",
        path: tags,
        run: ({ request, parts: [resource = ""] }) =>
          functions.untagResource(resource, request.query.getAll("tagKeys")),
      },
      {
        name: "PutFunctionConcurrency",
        method: "PUT",
        path: /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/,
        run: ({ request, parts: [name = ""] }) => {
          const { ReservedConcurrentExecutions } = input<{ ReservedConcurrentExecutions: number }>(request);
          return functions.putFunctionConcurrency(name, ReservedConcurrentExecutions);
        },
      },
      {
        name: "DeleteFunctionConcurrency",
        method: "DELETE",
        path: /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/,
        run: ({ parts: [name = ""] }) => functions.deleteFunctionConcurrency(name),
      },
      {
        name: "GetFunctionConcurrency",
        method: "GET",
        path: /^\/2019-09-30\/functions\/([^/]+)\/concurrency$/,
        run: ({ parts: [name = ""] }) => functions.getFunctionConcurrency(name),
      },
      {
        name: "GetAccountSettings",
        method: "GET",
        path: /^\/2016-08-19\/account-settings\/?$/,
        run: () => this.#accountSettings(),
      },
    ];
  }

  #accountSettings(): unknown {
    return {
      AccountLimit: {
        TotalCodeSize: 80_530_636_800,
        CodeSizeUnzipped: codeUnzippedBytesMax,
        CodeSizeZipped: codeZippedBytesMax,
        ConcurrentExecutions: this.#concurrency.max,
        UnreservedConcurrentExecutions: this.#concurrency.unreservedMax,
      },
      AccountUsage: { FunctionCount: this.#functions.listFunctions().length },
    };
  }
}

function decode(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw validation(`Value '${text}' is not percent-encoded text`);
  }
}

function invocationType(header: string | string[] | undefined): InvocationType {
  if (header === undefined) return "RequestResponse";
  if (typeof header === "string" && invocationTypes.includes(header)) return header as InvocationType;
  throw validation(
    `Value '${String(header)}' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]`,
  );
}

/** The body's members. The types of those that matter are checked where they are used. */
function input<Input extends object = Record<string, never>>(
  request: ServiceRequest,
  ...required: string[]
): Input {
  const body = parseJsonBody(request.body);
  for (const name of required) {
    if (body[name] === undefined || body[name] === null || body[name] === "") {
      const member = name.charAt(0).toLowerCase() + name.slice(1);
      throw validation(`Value null at '${member}' failed to satisfy constraint: Member must not be null`);
    }
  }
  return body as Input;
}

function qualifierOf(request: ServiceRequest): string | undefined {
  return request.query.get("Qualifier") ?? undefined;
}

function qualifierMember(request: ServiceRequest): { Qualifier?: string } {
  const qualifier = qualifierOf(request);
  return qualifier === undefined ? {} : { Qualifier: qualifier };
}

const pageItemsMax = 50;

/** `Marker` is the number of items that came before. */
function page(request: ServiceRequest, member: string, items: readonly unknown[]): Record<string, unknown> {
  const first = Number(request.query.get("Marker") ?? 0) || 0;
  const count = Math.min(Number(request.query.get("MaxItems") ?? pageItemsMax) || pageItemsMax, pageItemsMax);
  const next = first + count;
  return { [member]: items.slice(first, next), ...(next < items.length ? { NextMarker: String(next) } : {}) };
}
