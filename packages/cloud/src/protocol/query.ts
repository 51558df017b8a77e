/**
 * The AWS query protocol: a form in the request, XML in the response. STS, IAM and CloudFormation speak it.
 *
 * Lists arrive as `Tags.member.1.Key=…`; `QueryInput` reads them without building a tree.
 */

import { Gate, type ServiceAccess } from "../authorization.ts";
import { ServiceError, type Service, type ServiceRequest, type ServiceResponse } from "../service.ts";
import { document, type XmlValue } from "./xml.ts";

// What no CDK or SDK call comes near; a list past it is refused.
const listItemsMax = 1_000;

/** The parameters of one request, or of one item of a list in it. */
export class QueryInput {
  readonly #form: URLSearchParams;
  readonly #prefix: string;

  constructor(form: URLSearchParams, prefix = "") {
    this.#form = form;
    this.#prefix = prefix;
  }

  text(name: string): string | undefined {
    return this.#form.get(this.#prefix + name) ?? undefined;
  }

  /** @throws {ServiceError} ValidationError when the parameter is missing or empty */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === "") {
      throw validationError(
        `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
      );
    }
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : value.toLowerCase() === "true";
  }

  number(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!Number.isInteger(number)) throw validationError(`Value '${value}' at '${name}' is not an integer`);
    return number;
  }

  /** A list of structures. */
  list(name: string): readonly QueryInput[] {
    return this.#indices(name).map(
      (index) => new QueryInput(this.#form, `${this.#prefix}${name}.member.${index}.`),
    );
  }

  /** A list of texts. */
  texts(name: string): readonly string[] {
    return this.#indices(name).map((index) => this.text(`${name}.member.${index}`) ?? "");
  }

  #indices(name: string): readonly number[] {
    const start = `${this.#prefix}${name}.member.`;
    const found = new Set<number>();
    for (const key of this.#form.keys()) {
      if (key.startsWith(start)) found.add(Number.parseInt(key.slice(start.length), 10));
      if (found.size > listItemsMax) throw validationError(`${name} has more than ${listItemsMax} items`);
    }
    return [...found].sort((left, right) => left - right);
  }
}

export function validationError(message: string): ServiceError {
  return new ServiceError({ code: "ValidationError", message });
}

export type QueryOperation = (input: QueryInput, request: ServiceRequest) => Promise<XmlValue> | XmlValue;

/** A service of the query protocol from its operations by name. */
export function queryService<Facts>(options: {
  name: string;
  namespace: string;
  operations: Readonly<Record<string, QueryOperation>>;
  access: ServiceAccess<QueryInput, Facts>;
}): Service {
  const gate = new Gate({ ...options.access, operations: Object.keys(options.operations) });
  return {
    async handle(request: ServiceRequest): Promise<ServiceResponse> {
      const form = formOf(request);
      const action = form.get("Action") ?? "";
      const operation = Object.hasOwn(options.operations, action) ? options.operations[action] : undefined;
      if (operation === undefined) throw notOffered(options.name, action, Object.keys(options.operations));
      const input = new QueryInput(form);
      gate.admit(action, input, request);
      const result = await operation(input, request);
      const body = {
        ...(result === undefined ? {} : { [`${action}Result`]: result }),
        ResponseMetadata: { RequestId: request.requestId },
      };
      return {
        status: 200,
        headers: { "content-type": "text/xml" },
        body: document(`${action}Response`, body, options.namespace),
      };
    },
  };
}

/** One place says what to do, and says it once: of two, one reader could take the other. */
function formOf({ body, query }: ServiceRequest): URLSearchParams {
  if (body.length === 0) return query;
  if (query.has("Action")) throw malformedInput("Action in its query and a body");
  const form = new URLSearchParams(body.toString("utf8"));
  const seen = new Set<string>();
  for (const name of form.keys()) {
    if (seen.has(name)) throw malformedInput(`the parameter ${name} twice`);
    seen.add(name);
  }
  return form;
}

function malformedInput(what: string): ServiceError {
  return new ServiceError({ code: "MalformedInput", message: `The request has ${what}. Send it once.` });
}

/** An operation that this endpoint does not have: says which it has. */
export function notOffered(service: string, operation: string, offered: readonly string[]): ServiceError {
  return new ServiceError({
    code: "InvalidAction",
    message: `dsql-local does not offer ${service} ${operation === "" ? "without an operation name" : operation}. It offers: ${[...offered].sort().join(", ")}.`,
  });
}

export function queryErrorResponse(error: ServiceError, requestId: string): ServiceResponse {
  const body = {
    Error: { Type: error.status >= 500 ? "Receiver" : "Sender", Code: error.code, Message: error.message },
    RequestId: requestId,
  };
  return {
    status: error.status,
    headers: { "content-type": "text/xml" },
    body: document("ErrorResponse", body),
  };
}
