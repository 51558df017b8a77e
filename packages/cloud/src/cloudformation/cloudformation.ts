/** The CloudFormation service put together: store, engine, resource types, API. */

import { join } from "node:path";

import type { Log } from "@dsql-local/cluster";

import type { Authorizer } from "../authorization.ts";
import { permissionTable } from "../permissions/index.ts";
import { type QueryOperation, queryService } from "../protocol/index.ts";
import type { Service } from "../service.ts";
import { type CloudFormationParts, cloudFormationOperations, type RequestReaders } from "./api/index.ts";
import { Deployments } from "./deployment.ts";
import { nestedStackType } from "./nested-stack.ts";
import { knownAfterApply } from "./evaluation.ts";
import { createAdmission, type ResourceFacts } from "./resource-permissions/index.ts";
import type { ResourceType } from "./resource-type.ts";
import { resourceTypeFinder } from "./resource-type-finder.ts";
import type { SsmReader } from "./stack.ts";
import { StackStore } from "./stack-store.ts";

export interface CloudFormationOptions {
  readonly dataDir: string;
  readonly account: string;
  readonly region: string;
  readonly resourceTypes: Readonly<Record<string, ResourceType>>;
  readonly readers: RequestReaders;
  readonly authorize: Authorizer;
  /** Beside those that CloudFormation knows itself. */
  readonly facts: Pick<ResourceFacts, "roleArn" | "rolesWith" | "functionArn">;
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
  const { withLocalAddresses } = readers;
  const facts = {
    ...options.facts,
    stackArn: (nameOrArn: string) => store.find(nameOrArn)?.id,
    changeSetStackArn: (name: string, stackName?: string) => changeSetOwner(store, name, stackName),
    objectArn: readers.objectArn,
  };
  const admission = createAdmission({ account, region, authorize: options.authorize, facts });
  const ssmValueFor: SsmReader = (actor) => (selector) => {
    admission.read(actor, selector);
    return readers.ssmValue(selector);
  };
  const deployments = new Deployments({
    store,
    typeOf,
    admission,
    ssmValueFor,
    withLocalAddresses,
    account,
    region,
    log,
  });

  const parts: CloudFormationParts = {
    store,
    deployments,
    readers,
    ssmValueFor,
    typeOf,
    refuseUnknownTypes,
    evaluationOptions: (template, definition, actor) => ({
      template,
      definition,
      account,
      region,
      exported: (name) => store.exports().find((candidate) => candidate.name === name)?.value,
      // What there is only once the deployment has begun differs from whatever was there.
      ssmValue: (selector) => ssmValueFor(actor)(selector) ?? knownAfterApply,
      withLocalAddresses,
    }),
  };

  const stackArnPrefix = `arn:aws:cloudformation:${region}:${account}:stack/`;
  types["AWS::CloudFormation::Stack"] = nestedStackType(parts, stackArnPrefix);
  admission.refuseUnlisted(Object.keys(types));
  const operations = cloudFormationOperations(parts);
  const service = queryService({
    name: "CloudFormation",
    namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    operations,
    access: {
      table: permissionTable.cloudformation,
      account,
      authorize: options.authorize,
      facts,
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
