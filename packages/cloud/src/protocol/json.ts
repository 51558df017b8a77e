/**
 * The two JSON protocols: JSON 1.1, whose operation is in `x-amz-target` (SSM, CloudWatch Logs, ECR), and REST-JSON,
 * whose operation is in method and path (DSQL, Lambda).
 */

import { Gate, type ServiceAccess } from "../authorization.ts";
import { ServiceError, type Service, type ServiceRequest, type ServiceResponse } from "../service.ts";
import { notOffered } from "./query.ts";

export type JsonObject = Record<string, unknown>;

export type JsonOperation = (input: JsonObject, request: ServiceRequest) => Promise<JsonObject> | JsonObject;

/** A JSON 1.1 service from its operations by name. */
export function jsonService<Facts>(options: {
  name: string;
  operations: Readonly<Record<string, JsonOperation>>;
  access: ServiceAccess<JsonObject, Facts>;
}): Service {
  const gate = new Gate({ ...options.access, operations: Object.keys(options.operations) });
  return {
    async handle(request: ServiceRequest): Promise<ServiceResponse> {
      const name = targetOperation(request);
      const operation = Object.hasOwn(options.operations, name) ? options.operations[name] : undefined;
      if (operation === undefined) throw notOffered(options.name, name, Object.keys(options.operations));
      const input = parseJsonBody(request.body);
      gate.admit(name, input, request);
      const output = await operation(input, request);
      return {
        status: 200,
        headers: { "content-type": "application/x-amz-json-1.1" },
        body: JSON.stringify(output),
      };
    },
  };
}

/** The operation in `x-amz-target: AmazonSSM.GetParameter`. */
export function targetOperation(request: Pick<ServiceRequest, "headers">): string {
  const target = request.headers["x-amz-target"];
  return typeof target === "string" ? target.slice(target.lastIndexOf(".") + 1) : "";
}

/** @throws {ServiceError} SerializationException when the body is not a JSON object */
export function parseJsonBody(body: Buffer): JsonObject {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new ServiceError({ code: "SerializationException", message: "The request body is not JSON." });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ServiceError({
      code: "SerializationException",
      message: "The request body is not a JSON object.",
    });
  }
  return value as JsonObject;
}

/** A member that must be a non-empty text. */
export function requiredText(input: JsonObject, name: string): string {
  const value = input[name];
  if (typeof value === "string" && value !== "") return value;
  throw new ServiceError({
    code: "ValidationException",
    message: `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  });
}

export function optionalText(input: JsonObject, name: string): string | undefined {
  const value = input[name];
  return typeof value === "string" ? value : undefined;
}

export function textList(input: JsonObject, name: string): readonly string[] {
  const value = input[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

export function jsonErrorResponse(error: ServiceError): ServiceResponse {
  const code = exceptionName(error.code);
  return {
    status: error.status,
    headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-errortype": code },
    body: JSON.stringify({ ...error.members, __type: code, message: error.message, Message: error.message }),
  };
}

/** The JSON protocols name some of the common errors otherwise than the XML ones. */
function exceptionName(code: string): string {
  return exceptionNames[code] ?? code;
}

const exceptionNames: Readonly<Record<string, string>> = {
  AccessDenied: "AccessDeniedException",
  InvalidClientTokenId: "UnrecognizedClientException",
  SignatureDoesNotMatch: "InvalidSignatureException",
  MissingAuthenticationToken: "MissingAuthenticationTokenException",
  ExpiredToken: "ExpiredTokenException",
  IncompleteSignature: "IncompleteSignatureException",
  InvalidAction: "UnknownOperationException",
  ValidationError: "ValidationException",
  InternalFailure: "InternalServerException",
};

export function restJsonErrorResponse(error: ServiceError): ServiceResponse {
  return {
    status: error.status,
    headers: { "content-type": "application/json", "x-amzn-errortype": exceptionName(error.code) },
    body: JSON.stringify({
      ...error.members,
      Type: error.status >= 500 ? "Service" : "User",
      message: error.message,
      Message: error.message,
    }),
  };
}
