/** An error in the words and the form of the service that refuses. */

import { IdentityError, type IdentityErrorCode } from "@dsql-local/account";

import { s3ErrorResponse } from "./s3/index.ts";
import { ServiceError, type ServiceResponse } from "./service.ts";
import { jsonErrorResponse, queryErrorResponse, restJsonErrorResponse } from "./protocol/index.ts";

export type Protocol = "query" | "json" | "restJson" | "s3";

export function errorResponse(protocol: Protocol, error: ServiceError, requestId: string): ServiceResponse {
  switch (protocol) {
    case "query":
      return queryErrorResponse(error, requestId);
    case "json":
      return jsonErrorResponse(error);
    case "restJson":
      return restJsonErrorResponse(error);
    case "s3":
      return s3ErrorResponse(error, requestId);
  }
}

const identityStatuses: Readonly<Record<IdentityErrorCode, number>> = {
  AccessDenied: 403,
  LimitExceeded: 409,
  MalformedPolicyDocument: 400,
  NoSuchEntity: 404,
  ValidationError: 400,
};

/** What was thrown, as a refusal; `undefined` when it is none but a defect of this endpoint. */
export function serviceErrorOf(error: unknown): ServiceError | undefined {
  if (error instanceof ServiceError) return error;
  if (!(error instanceof IdentityError)) return undefined;
  const { code, message } = error;
  return new ServiceError({ code, message, status: identityStatuses[code], cause: error });
}
