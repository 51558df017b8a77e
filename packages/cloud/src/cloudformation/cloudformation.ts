/** The CloudFormation service put together: store, engine, resource types, API. */

import { join } from "node:path";

import type { Log } from "@dsql-local/cluster";

import type { Authorizer } from "../authorization.ts";
import { type QueryOperation, queryService, validationError } from "../protocol/index.ts";
import type { Service } from "../service.ts";
import { type CloudFormationParts, cloudFormationOperations, type RequestReaders } from "./api/index.ts";
import { Deployments } from "./deployment.ts";
import { nestedStackType } from "./nested-stack.ts";
import type { ResourceType } from "./resource-type.ts";
import { StackStore } from "./stack-store.ts";

export interface CloudFormationOptions {
  readonly dataDir: string;
  readonly account: string;
  readonly region: string;
  readonly resourceTypes: Readonly<Record<string, ResourceType>>;
  readonly readers: RequestReaders;
  readonly authorize: Authorizer;
  readonly log: Log;
}

export interface CloudFormation extends Service {
  /** Runs one operation from inside, as the first start does to make the bootstrap stack. */
  readonly operations: Readonly<Record<string, QueryOperation>>;
  readonly store: StackStore;
  readonly deployments: Deployments;
  start(): void;
  stop(): Promise<void>;
}

export function createCloudFormation(options: CloudFormationOptions): CloudFormation {
  const { account, region, readers, log } = options;
  const store = new StackStore({ directory: join(options.dataDir, "cloudformation"), account, region });
  const types: Record<string, ResourceType> = { ...options.resourceTypes };
  const typeOf = resourceTypeFinder(types);
  const deployments = new Deployments({ store, typeOf, account, region, log });

  const parts: CloudFormationParts = {
    store,
    deployments,
    readers,
    typeOf,
    evaluationOptions: (template, definition) => ({
      template,
      definition,
      account,
      region,
      exported: (name) => store.exports().find((candidate) => candidate.name === name)?.value,
    }),
  };

  const stackArnPrefix = `arn:aws:cloudformation:${region}:${account}:stack/`;
  types["AWS::CloudFormation::Stack"] = nestedStackType(parts, stackArnPrefix);
  const operations = cloudFormationOperations(parts);
  const service = queryService({
    name: "CloudFormation",
    namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    operations,
    access: (operation, input, request) => {
      const stackName = input.text("StackName");
      const arn =
        stackName === undefined || stackName.startsWith("arn:")
          ? stackName
          : `${stackArnPrefix}${stackName}/*`;
      options.authorize(request.caller, `cloudformation:${operation}`, arn ?? "*");
    },
  });
  return {
    operations,
    store,
    deployments,
    handle: (request) => service.handle(request),
    start: () => {
      store.load();
      deployments.recover();
    },
    stop: () => deployments.stop(),
  };
}

function resourceTypeFinder(types: Readonly<Record<string, ResourceType>>): (type: string) => ResourceType {
  return (type) => {
    const name = type.startsWith("Custom::") ? "AWS::CloudFormation::CustomResource" : type;
    const found = Object.hasOwn(types, name) ? types[name] : undefined;
    if (found !== undefined) return found;
    throw validationError(
      `Template format error: Unrecognized resource types: [${type}]. dsql-local offers: ${Object.keys(types).sort().join(", ")}, Custom::*.`,
    );
  };
}
