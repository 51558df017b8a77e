/**
 * `AWS::CloudFormation::CustomResource` and every `Custom::…`: a resource that a Lambda function provides.
 *
 * CloudFormation invokes the function asynchronously and hears of its errors from nobody but the function. Here it is
 * invoked as a caller does who waits for the end, so a function that fails without an answer fails its resource after
 * the retries of an asynchronous invocation, and not after an hour's wait.
 *
 * A change that answers with another physical id has made a replacement: the engine deletes the old one once the stack's
 * update has succeeded, with a Delete request.
 */

import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { physicalName } from "../physical-name.ts";
import { FailedCreation, type ResourceRequest, type ResourceType } from "../resource-type.ts";
import { optionalNumber, requiredText } from "../properties.ts";
import { isObject, type Value, type ValueObject } from "../template.ts";
import { type CustomResourceResponse, readResponse } from "./response.ts";
import type { ResponseListener } from "./response-listener.ts";

/** Invokes and waits for the end. Rejects with what Lambda refuses; a function's own failure is in the outcome. */
export type InvokeFunction = (
  functionArn: string,
  payload: string,
) => Promise<{ readonly functionError: string | undefined; readonly payload: string }>;

interface CustomResourceOptions {
  readonly invoke: InvokeFunction;
  readonly responses: ResponseListener;
  /** Waits before a failed invocation is tried again. Lambda's own are a minute and two. */
  readonly retryDelaysMs?: readonly number[];
}

type Change = {
  readonly RequestType: "Create" | "Update" | "Delete";
  readonly OldResourceProperties?: Value;
};

const retryDelaysMsDefault = [1_000, 2_000];

/** `ServiceTimeout` in seconds: CloudFormation's bounds, and what it takes where the template has none. */
const serviceTimeout = { min: 1, max: 3_600 };

export function customResourceType(options: CustomResourceOptions): ResourceType {
  const ask = (request: ResourceRequest, change: Change): Promise<CustomResourceResponse> =>
    askFunction(options, request, change);
  return {
    replacedBy: [],
    isRemovedAfterFailure: true,
    identify: ({ stackName, logicalId }) => physicalName(stackName, logicalId, { lengthMax: 128 }),
    check: checkProperties,
    async create(request) {
      const response = await ask(request, { RequestType: "Create" });
      if (response.status === "FAILED") throw new FailedCreation(response.reason, response.physicalId);
      return { attributes: response.data, physicalId: response.physicalId };
    },
    async update(request, previous) {
      if (previous.properties["ServiceToken"] !== request.properties["ServiceToken"]) {
        throw new Error("Modifying service token is not allowed.");
      }
      const OldResourceProperties = asTexts(previous.properties);
      const response = await ask(request, { RequestType: "Update", OldResourceProperties });
      if (response.status === "FAILED") throw new Error(response.reason);
      return { attributes: response.data, physicalId: response.physicalId };
    },
    async remove(request) {
      const response = await ask(request, { RequestType: "Delete" });
      if (response.status === "FAILED") throw new Error(response.reason);
    },
  };
}

function checkProperties(properties: ValueObject, logicalId: string): void {
  const token = requiredText(properties, "ServiceToken");
  if (token.startsWith("arn:") && !/^arn:aws:lambda:/.test(token)) {
    throw new Error(
      `${logicalId}: ServiceToken ${token}: dsql-local invokes Lambda functions; custom resources behind SNS topics are not offered`,
    );
  }
  timeoutSecondsOf(properties);
}

function timeoutSecondsOf(properties: ValueObject): number {
  const seconds = optionalNumber(properties, "ServiceTimeout") ?? serviceTimeout.max;
  if (Number.isInteger(seconds) && seconds >= serviceTimeout.min && seconds <= serviceTimeout.max)
    return seconds;
  throw new Error(
    `Properties validation failed: #/ServiceTimeout: ${seconds} is not a whole number from ${serviceTimeout.min} to ${serviceTimeout.max}`,
  );
}

/** @throws {Error} the function failed, gave no answer in time, or the endpoint stops */
async function askFunction(
  options: CustomResourceOptions,
  request: ResourceRequest,
  change: Change,
): Promise<CustomResourceResponse> {
  const { properties, stackId, logicalId } = request;
  const ServiceToken = requiredText(properties, "ServiceToken");
  const RequestId = randomUUID();
  const awaited = options.responses.expect(`${stackId}|${logicalId}|${RequestId}`);
  const event = {
    ...change,
    ServiceToken,
    ResponseURL: awaited.url,
    StackId: stackId,
    RequestId,
    LogicalResourceId: logicalId,
    ...(change.RequestType === "Create" ? {} : { PhysicalResourceId: request.physicalId }),
    ResourceType: request.type,
    ResourceProperties: asTexts(properties),
  };
  const answered = new AbortController();
  const signal = AbortSignal.any([answered.signal, request.signal]);
  try {
    const text = await Promise.race([
      awaited.received,
      failureOf(options, { functionArn: ServiceToken, payload: JSON.stringify(event), request, signal }),
      tooLate(timeoutSecondsOf(properties), event, signal),
    ]);
    return readResponse(text, event);
  } finally {
    awaited.forget();
    answered.abort();
  }
}

/** Invokes the function, again after a failure, and rejects when it has failed for good. Never resolves. */
async function failureOf(
  { invoke, retryDelaysMs = retryDelaysMsDefault }: CustomResourceOptions,
  call: { functionArn: string; payload: string; request: ResourceRequest; signal: AbortSignal },
): Promise<never> {
  const { functionArn, payload, request, signal } = call;
  let outcome = await invoke(functionArn, payload);
  for (const pauseMs of retryDelaysMs) {
    if (outcome.functionError === undefined) break;
    await delay(pauseMs, undefined, { signal });
    outcome = await invoke(functionArn, payload);
  }
  if (outcome.functionError !== undefined) throw new Error(functionFailure(functionArn, outcome.payload));
  // Whoever the function has told may still answer in its place. Once it has answered itself, nothing is awaited any more.
  if (!signal.aborted) request.notice("The function has returned without an answer; waiting for one.");
  return new Promise<never>(() => undefined);
}

function functionFailure(functionArn: string, payload: string): string {
  const name = functionArn.split(":")[6] ?? functionArn;
  const { errorType, errorMessage } = JSON.parse(payload) as Record<string, string | undefined>;
  return `The function ${name} failed without an answer: ${errorType ?? "Error"}: ${errorMessage ?? ""}. Its log: dsql logs ${name}`;
}

async function tooLate(seconds: number, event: { RequestId: string }, signal: AbortSignal): Promise<never> {
  await delay(seconds * 1_000, undefined, { signal, ref: false });
  throw new Error(
    `CloudFormation did not receive a response from your Custom Resource within ${seconds} seconds. ` +
      `Please check your logs for requestId [${event.RequestId}].`,
  );
}

/** CloudFormation hands every scalar over as a text. */
function asTexts(value: Value): Value {
  if (Array.isArray(value)) return value.map(asTexts);
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asTexts(inner)]));
  }
  return value === null ? null : String(value);
}
