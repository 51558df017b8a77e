/**
 * Refusals of the control plane, in the service's codes and with the members their shapes have.
 *
 * Source: Aurora DSQL API Reference (2018-05-10), "Common errors" and the errors of each operation.
 */
import { ServiceError } from "../service.ts";

/** @param constraint - completes "it must be …" */
export function invalidField(name: string, constraint: string): ServiceError {
  return new ServiceError({
    code: "ValidationException",
    message: `Validation failed for ${name}: it must be ${constraint}.`,
    members: { reason: "fieldValidationFailed", fieldList: [{ name, message: `It must be ${constraint}.` }] },
  });
}

export function invalidRequest(message: string, reason: "other" | "cannotParse" = "other"): ServiceError {
  return new ServiceError({ code: "ValidationException", message, members: { reason } });
}

export function deletionProtected(): ServiceError {
  return new ServiceError({
    code: "ValidationException",
    message:
      "Deletion protection is enabled for the cluster. Disable deletion protection before deleting the cluster.",
    members: { reason: "deletionProtectionEnabled" },
  });
}

export type ResourceKind = "cluster" | "cluster-policy" | "stream";

export function notFound(resourceType: ResourceKind, resourceId: string): ServiceError {
  const names = { cluster: "Cluster", "cluster-policy": "The policy of cluster", stream: "Stream" };
  return new ServiceError({
    code: "ResourceNotFoundException",
    message: `${names[resourceType]} '${resourceId}' not found`,
    status: 404,
    members: { resourceId, resourceType },
  });
}

export function conflict(
  message: string,
  resourceId?: string,
  resourceType: ResourceKind = "cluster",
): ServiceError {
  return new ServiceError({
    code: "ConflictException",
    message,
    status: 409,
    members: resourceId === undefined ? {} : { resourceId, resourceType },
  });
}

export function quotaExceeded(quota: {
  message: string;
  resourceId: string;
  resourceType: ResourceKind;
  quotaCode: string;
}): ServiceError {
  const { message, ...members } = quota;
  return new ServiceError({
    code: "ServiceQuotaExceededException",
    message,
    status: 402,
    members: { ...members, serviceCode: "dsql" },
  });
}
