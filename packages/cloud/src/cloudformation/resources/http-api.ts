/**
 * AWS::ApiGatewayV2::Api, Integration, Route, Stage: an HTTP API in front of Lambda functions, as the CDK's `HttpApi` with
 * `HttpLambdaIntegration` deploys it. What API Gateway does besides (authorizers, WebSocket APIs, other integrations,
 * throttling, access logs) is refused by name.
 *
 * Source: AWS CloudFormation Template Reference, "Amazon API Gateway V2".
 */

import { randomInt } from "node:crypto";

import { type HttpApi, type HttpApis, type Integration, parseRouteKey } from "../../http-api/index.ts";
import {
  objectIn,
  optionalFlag,
  optionalNumber,
  optionalText,
  refuseUnknown,
  requiredText,
  textMap,
} from "../properties.ts";
import type { ResourceRequest, ResourceType } from "../resource-type.ts";
import type { ValueObject } from "../template.ts";
import { corsOf } from "./cors.ts";

export function httpApiTypes(apis: HttpApis): Readonly<Record<string, ResourceType>> {
  return {
    "AWS::ApiGatewayV2::Api": apiType(apis),
    "AWS::ApiGatewayV2::Integration": integrationType(apis),
    "AWS::ApiGatewayV2::Route": routeType(apis),
    "AWS::ApiGatewayV2::Stage": stageType(apis),
  };
}

/** As AWS makes up ids: small letters and digits. */
function newId(length: number): string {
  const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** What nobody offers here is told with why, and not as a property that there is not. */
function refuse(logicalId: string, what: string, instead: string): never {
  throw new Error(`${logicalId}: ${what} is not offered by this local API Gateway: ${instead}.`);
}

function apiType(apis: HttpApis): ResourceType {
  const put = ({ physicalId, properties }: ResourceRequest, before: HttpApi | undefined) => {
    const cors = objectIn(properties, "CorsConfiguration");
    const { integrations = {}, routes = {}, stages = {} } = before ?? {};
    apis.put({
      apiId: physicalId,
      name: requiredText(properties, "Name"),
      ...(cors === undefined ? {} : { cors: corsOf(cors) }),
      integrations,
      routes,
      stages,
    });
    return { attributes: { ApiId: physicalId, ApiEndpoint: apis.addressOf(physicalId) } };
  };
  return {
    replacedBy: ["ProtocolType"],
    identify: () => newId(10),
    check(properties, logicalId) {
      const protocol = optionalText(properties, "ProtocolType") ?? "HTTP";
      if (protocol !== "HTTP") refuse(logicalId, `ProtocolType ${protocol}`, "it serves HTTP APIs");
      if (properties["Body"] !== undefined || properties["BodyS3Location"] !== undefined)
        refuse(logicalId, "an OpenAPI Body", "declare routes and integrations");
      const known = ["Name", "ProtocolType", "CorsConfiguration", "Description", "Tags", "Version"];
      refuseUnknown(properties, [...known, "DisableExecuteApiEndpoint", "IpAddressType"], { logicalId });
      if (optionalFlag(properties, "DisableExecuteApiEndpoint") === true)
        refuse(logicalId, "DisableExecuteApiEndpoint", "an API has no other address");
    },
    create: (request) => put(request, undefined),
    update: (request) => put(request, apis.get(request.physicalId)),
    remove({ physicalId }) {
      apis.delete(physicalId);
    },
  };
}

/** A part of an API, kept in its record under its id. */
function partType<Part>(
  apis: HttpApis,
  part: {
    readonly parts: "integrations" | "routes" | "stages";
    readonly idOf: (properties: ValueObject) => string;
    readonly read: (properties: ValueObject) => Part;
    readonly check: (properties: ValueObject, logicalId: string) => void;
    readonly replacedBy: readonly string[];
  },
): ResourceType {
  const changed = (apiId: string, change: (parts: Record<string, unknown>) => void): void => {
    const api = apis.get(apiId);
    const parts: Record<string, unknown> = { ...api[part.parts] };
    change(parts);
    apis.put({ ...api, [part.parts]: parts });
  };
  const put = ({ physicalId, properties }: ResourceRequest) => {
    changed(requiredText(properties, "ApiId"), (parts) => {
      parts[physicalId] = part.read(properties);
    });
    return { attributes: {} };
  };
  return {
    replacedBy: ["ApiId", ...part.replacedBy],
    identify: ({ properties }) => part.idOf(properties),
    check: part.check,
    create(request) {
      const { [part.parts]: parts } = apis.get(requiredText(request.properties, "ApiId"));
      if (Object.hasOwn(parts, request.physicalId)) throw new Error(`${request.physicalId} already exists`);
      return put(request);
    },
    update: put,
    remove({ physicalId, properties }) {
      const apiId = optionalText(properties, "ApiId") ?? "";
      if (apis.find(apiId) === undefined) return;
      changed(apiId, (parts) => {
        delete parts[physicalId];
      });
    },
  };
}

/** 30 s are the most that API Gateway waits, and its default. */
const integrationTimeoutMsMax = 30_000;

function integrationType(apis: HttpApis): ResourceType {
  return partType<Integration>(apis, {
    parts: "integrations",
    replacedBy: [],
    idOf: () => newId(7),
    read: (properties) => ({
      functionArn: functionArnIn(requiredText(properties, "IntegrationUri")),
      timeoutMs: optionalNumber(properties, "TimeoutInMillis") ?? integrationTimeoutMsMax,
    }),
    check(properties, logicalId) {
      const type = optionalText(properties, "IntegrationType");
      if (type !== undefined && type !== "AWS_PROXY")
        refuse(logicalId, `IntegrationType ${type}`, "it invokes Lambda functions, AWS_PROXY");
      const version = optionalText(properties, "PayloadFormatVersion");
      if (version !== undefined && version !== "2.0")
        refuse(logicalId, `PayloadFormatVersion ${version}`, "functions get 2.0");
      const connection = optionalText(properties, "ConnectionType");
      if (connection !== undefined && connection !== "INTERNET")
        refuse(logicalId, `ConnectionType ${connection}`, "there is no VPC here");
      const timeoutMs = optionalNumber(properties, "TimeoutInMillis");
      if (timeoutMs !== undefined && (timeoutMs < 50 || timeoutMs > integrationTimeoutMsMax))
        throw new Error(`${logicalId}: Timeout should be between 50 ms and ${integrationTimeoutMsMax} ms`);
      refuseUnknown(
        properties,
        [
          ...["ApiId", "IntegrationType", "IntegrationUri", "IntegrationMethod", "PayloadFormatVersion"],
          ...["TimeoutInMillis", "ConnectionType", "Description"],
        ],
        { logicalId },
      );
    },
  });
}

/** The function's own ARN, or one of API Gateway's around it: `arn:aws:apigateway:…:functions/<arn>/invocations`. */
function functionArnIn(uri: string): string {
  const found = /arn:[^:]+:lambda:[^:]+:\d{12}:function:[\w-]+(?::[\w$-]+)?/.exec(uri)?.[0];
  if (found === undefined)
    throw new Error(`Invalid integration URI specified: ${uri} names no Lambda function`);
  return found;
}

function routeType(apis: HttpApis): ResourceType {
  return partType(apis, {
    parts: "routes",
    replacedBy: [],
    idOf: () => newId(7),
    read: (properties) => ({
      routeKey: requiredText(properties, "RouteKey"),
      integrationId: requiredText(properties, "Target").replace(/^integrations\//, ""),
    }),
    check(properties, logicalId) {
      const authorization = optionalText(properties, "AuthorizationType") ?? "NONE";
      if (authorization !== "NONE")
        refuse(
          logicalId,
          `AuthorizationType ${authorization}`,
          "routes are open to whoever reaches this machine",
        );
      if (optionalFlag(properties, "ApiKeyRequired") === true)
        refuse(logicalId, "ApiKeyRequired", "HTTP APIs have no keys");
      refuseUnknown(
        properties,
        ["ApiId", "RouteKey", "Target", "AuthorizationType", "ApiKeyRequired", "OperationName"],
        { logicalId },
      );
      const routeKey = optionalText(properties, "RouteKey");
      // One that another resource makes up is looked at when it is known.
      if (routeKey !== undefined && !routeKey.includes("{{")) parseRouteKey(routeKey);
    },
  });
}

function stageType(apis: HttpApis): ResourceType {
  return partType(apis, {
    parts: "stages",
    replacedBy: ["StageName"],
    idOf: (properties) => requiredText(properties, "StageName"),
    read(properties) {
      const variables = objectIn(properties, "StageVariables");
      return variables === undefined ? {} : { variables: textMap(variables) };
    },
    check(properties, logicalId) {
      if (optionalFlag(properties, "AutoDeploy") !== true)
        refuse(logicalId, "a stage without AutoDeploy", "say AutoDeploy: true, as the CDK does");
      const unserved = ["AccessLogSettings", "DefaultRouteSettings", "RouteSettings"];
      const found = unserved.find((name) => properties[name] !== undefined);
      if (found !== undefined) refuse(logicalId, found, "it neither logs accesses nor throttles");
      refuseUnknown(
        properties,
        ["ApiId", "StageName", "AutoDeploy", "StageVariables", "Description", "Tags"],
        { logicalId },
      );
    },
  });
}
