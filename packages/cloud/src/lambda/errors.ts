/**
 * Lambda's refusals, with its own codes and words.
 *
 * Source: AWS Lambda API Reference, "Errors" of each operation.
 */

import { ServiceError } from "../service.ts";

export function functionNotFound(functionArn: string): ServiceError {
  return new ServiceError({
    code: "ResourceNotFoundException",
    message: `Function not found: ${functionArn}`,
    status: 404,
  });
}

export function functionElsewhere(wanted: string, here: string): ServiceError {
  return new ServiceError({
    code: "ResourceNotFoundException",
    message: `Functions from '${wanted}' are not reachable in this region ('${here}')`,
    status: 404,
  });
}

export function resourceNotFound(message: string): ServiceError {
  return new ServiceError({ code: "ResourceNotFoundException", message, status: 404 });
}

export function conflict(message: string): ServiceError {
  return new ServiceError({ code: "ResourceConflictException", message, status: 409 });
}

export function invalidParameter(message: string, cause?: unknown): ServiceError {
  return new ServiceError({ code: "InvalidParameterValueException", message, cause });
}

/** The first of what the API model itself refuses, in the words of its validation. */
export function validation(message: string): ServiceError {
  return new ServiceError({
    code: "ValidationException",
    message: `1 validation error detected: ${message}`,
  });
}

export function preconditionFailed(): ServiceError {
  return new ServiceError({
    code: "PreconditionFailedException",
    message:
      "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    status: 412,
  });
}

export type ThrottleReason =
  | "ConcurrentInvocationLimitExceeded"
  | "ReservedFunctionConcurrentInvocationLimitExceeded"
  | "CallerRateLimitExceeded";

export function tooManyRequests(reason: ThrottleReason, message = "Rate Exceeded."): ServiceError {
  return new ServiceError({
    code: "TooManyRequestsException",
    message,
    status: 429,
    members: { Reason: reason },
  });
}

export function requestTooLarge(bytes: number, invocationType: string, bytesMax: number): ServiceError {
  return new ServiceError({
    code: "RequestTooLargeException",
    message: `${bytes} byte payload is too large for the ${invocationType} invocation type (limit ${bytesMax} bytes)`,
    status: 413,
  });
}

export function provisionedConcurrencyNotFound(): ServiceError {
  return new ServiceError({
    code: "ProvisionedConcurrencyConfigNotFoundException",
    message: "No Provisioned Concurrency Config found for this function",
    status: 404,
  });
}

export function payloadNotJson(reason: string): ServiceError {
  return new ServiceError({
    code: "InvalidRequestContentException",
    message: `Could not parse request body into json: ${reason}`,
  });
}

export function stopping(): ServiceError {
  return new ServiceError({ code: "ServiceException", message: "the local Lambda is stopping", status: 500 });
}
