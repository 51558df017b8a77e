/**
 * A custom resource's answer: the text that a function sent, to what it says, or why CloudFormation does not take it.
 *
 * Source: AWS CloudFormation Template Reference, "Custom resource response objects".
 */

import { isObject, scalarText, type Value, type ValueObject } from "../template.ts";

export type CustomResourceResponse =
  | { readonly status: "SUCCESS"; readonly physicalId: string; readonly data: ValueObject }
  | { readonly status: "FAILED"; readonly physicalId: string | undefined; readonly reason: string };

/** Bytes of an answer that CloudFormation takes. */
const responseBytesMax = 4_096;
/** Bytes of a physical id that CloudFormation takes. */
const physicalIdBytesMax = 1_024;

/** What the answer must repeat from the request. */
export interface RequestIdentity {
  readonly RequestId: string;
  readonly StackId: string;
  readonly LogicalResourceId: string;
}

/** Never throws: what cannot be read is a failure with its reason. */
export function readResponse(text: string, request: RequestIdentity): CustomResourceResponse {
  if (Buffer.byteLength(text) > responseBytesMax) {
    return failed(`Response object is too long: CloudFormation takes ${responseBytesMax} bytes.`);
  }
  const response = parse(text);
  if (response === undefined) return failed("Invalid response object: it is not a JSON object.");
  const physicalId = scalarText(response["PhysicalResourceId"]);
  for (const name of ["StackId", "RequestId", "LogicalResourceId"] as const) {
    if (response[name] !== request[name]) {
      return failed(`Invalid response object: ${name} is not that of the request.`, physicalId);
    }
  }
  const status = response["Status"];
  const reason = scalarText(response["Reason"]) ?? "";
  if (status === "FAILED") {
    return failed(
      `Received response status [FAILED] from custom resource. Message returned: ${reason}`,
      physicalId,
    );
  }
  if (status !== "SUCCESS") {
    return failed("Invalid response object: Status must be SUCCESS or FAILED.", physicalId);
  }
  if (physicalId === undefined || physicalId === "" || Buffer.byteLength(physicalId) > physicalIdBytesMax) {
    return failed(`Invalid PhysicalResourceId: a text of 1 to ${physicalIdBytesMax} bytes is needed.`);
  }
  return { status, physicalId, data: isObject(response["Data"]) ? response["Data"] : {} };
}

function failed(reason: string, physicalId?: string): CustomResourceResponse {
  return { status: "FAILED", physicalId, reason };
}

function parse(text: string): ValueObject | undefined {
  try {
    const value = JSON.parse(text) as Value;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
