/** The CloudFormation service put together: store, engine, resource types, API. */

import { join } from "node:path";

import type { Log } from "@dsql-local/cluster";

import type { Authorizer } from "../authorization.ts";
import { permissionTable, resourcePermissions } from "../permissions/index.ts";
import { type QueryOperation, queryService } from "../protocol/index.ts";
import type { Service } from "../service.ts";
import { type CloudFormationParts, cloudFormationOperations, type RequestReaders } from "./api/index.ts";
import { Deployments } from "./deployment.ts";
import { nestedStackType } from "./nested-stack.ts";
import { knownAfterApply } from "./evaluation.ts";
import type { Admit } from "./resource-steps.ts";
import type { ResourceType } from "./resource-type.ts";
import { resourceTypeFinder } from "./resource-type-finder.ts";
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
  const { typeOf, refuseUnknownTypes } = resourceTypeFinder(types);
  const { ssmValue, withLocalAddresses } = readers;
  const admit = admitBy(options);
  const deployments = new Deployments({
    store,
    typeOf,
    admit,
    ssmValue,
    withLocalAddresses,
    account,
    region,
    log,
  });

  const parts: CloudFormationParts = {
    store,
    deployments,
    readers,
    typeOf,
    refuseUnknownTypes,
    evaluationOptions: (template, definition) => ({
      template,
      definition,
      account,
      region,
      exported: (name) => store.exports().find((candidate) => candidate.name === name)?.value,
      // What there is only once the deployment has begun differs from whatever was there.
      ssmValue: (selector) => readers.ssmValue(selector) ?? knownAfterApply,
      withLocalAddresses,
    }),
  };

  const stackArnPrefix = `arn:aws:cloudformation:${region}:${account}:stack/`;
  types["AWS::CloudFormation::Stack"] = nestedStackType(parts, stackArnPrefix);
  refuseUnlisted(Object.keys(types));
  const operations = cloudFormationOperations(parts);
  const service = queryService({
    name: "CloudFormation",
    namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    operations,
    access: {
      table: permissionTable.cloudformation,
      account,
      authorize: options.authorize,
      facts: {
        stackArn: (nameOrArn) => store.find(nameOrArn)?.id,
        changeSetStackArn: (name, stackName) => changeSetOwner(store, name, stackName),
        objectArn: readers.objectArn,
      },
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

function changeSetOwner(store: StackStore, name: string, stackName: string | undefined): string | undefined {
  if (stackName !== undefined && store.find(stackName) === undefined) return undefined;
  return store.findChangeSet(name, stackName)?.stack.id;
}

/** Whoever a stack is worked on for needs what AWS would ask of them, resource by resource. */
function admitBy({ account, region, authorize }: CloudFormationOptions): Admit {
  return (actor, step, resource) => {
    if (actor === undefined) return;
    const needs = resourcePermissions[tableName(resource.type)];
    if (needs === undefined) throw new Error(`the table of permissions lacks ${resource.type}`);
    for (const { action, resource: arn, context } of needs(step, resource, { account, region }))
      authorize({ ...actor, accessKeyId: "" }, action, arn, {
        region,
        ...(context !== undefined && { context }),
      });
  };
}

function tableName(type: string): string {
  return type.startsWith("Custom::") ? "AWS::CloudFormation::CustomResource" : type;
}

/** @throws {Error} nothing would keep anybody from making resources of that type */
function refuseUnlisted(types: readonly string[]): void {
  const missing = types.filter((type) => !Object.hasOwn(resourcePermissions, type));
  if (missing.length > 0) throw new Error(`the table of permissions lacks ${missing.join(", ")}`);
}
