/**
 * The cluster and the local AWS endpoint, started and stopped together: what `dsql start`, `npm start` and the library
 * all run.
 */
import path from "node:path";
import process from "node:process";
import type { Cloud } from "@dsql-local/cloud";
import type { Cluster, ClusterOptions } from "@dsql-local/cluster";
import { Failure, remedyOf, textOf } from "../failure.ts";
import type { ServiceOptions } from "../service-options.ts";
import { checkAskedPort, portChoice, portFailure, type PortWish } from "./ports.ts";
import type { StackFacts } from "./stack-facts.ts";

export const defaultPort = 5432;
export const defaultAwsPort = 4566;
/** Loopback only: credentials and data are the developer's own, and nothing here is meant for a network. */
const host = "127.0.0.1";

export interface StackOptions {
  readonly dataDir: string;
  /** Undefined: the default, or the next free one. 0: any free one. */
  readonly port?: number | undefined;
  readonly awsPort?: number | undefined;
  readonly region?: string | undefined;
  readonly fsync?: boolean | undefined;
  /** New data are copied from the image in the user's cache folder. On by default. */
  readonly cache?: boolean | undefined;
  /** Which Aurora DSQL to be; the latest, with the service's own limits, unless given. */
  /** How many invocations run at once, where that is not Lambda's own quota. */
  readonly lambda?: { readonly environmentsMax?: number };
  readonly service?: ServiceOptions;
  readonly log?: ClusterOptions["log"];
}

export interface Stack {
  readonly cluster: Cluster;
  readonly cloud: Cloud;
  readonly facts: StackFacts;
  /** Settles only if the cluster cannot go on by itself, with the reason. */
  readonly failed: Promise<Error>;
  /** Stops the cloud, then the cluster. Calling it again with `immediate` hurries the stop that is under way. */
  stop(options?: { immediate?: boolean }): Promise<void>;
}

/** Starts both, the cluster first; when the cloud cannot start, the cluster is stopped again. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const wishes = portWishes(options);
  await checkAskedPort(wishes.cluster);
  await checkAskedPort(wishes.cloud);
  // Loaded here, not above: the other commands do not need it and would wait a third of a second for it.
  const [{ asStorageError, createCluster }, { createCloud }, { createConsole }] = await Promise.all([
    import("@dsql-local/cluster"),
    import("@dsql-local/cloud"),
    import("../console/index.ts"),
  ]);
  const cluster = createCluster({
    dataDir: options.dataDir,
    host,
    port: portChoice(wishes.cluster),
    ...(options.region !== undefined && { region: options.region }),
    ...(options.fsync !== undefined && { fsync: options.fsync }),
    cache: options.cache,
    ...options.service,
    ...(options.log && { log: options.log }),
  });
  let cloud: Cloud | undefined;
  try {
    await cluster.start();
    checkRegion(cluster, options);
    cloud = createCloud({
      cluster,
      port: portChoice(wishes.cloud),
      dataDir: path.join(options.dataDir, "cloud"),
      region: cluster.region,
      log: options.log ?? silent,
      observed: cluster,
      console: createConsole({ cluster, cloud: () => cloud }),
      lambda: options.lambda ?? {},
    });
    await cloud.start();
    return await published(cluster, cloud, options.service?.rules);
  } catch (error) {
    const failed = portFailure(cloud === undefined ? wishes.cluster : wishes.cloud, error);
    const reason = await asStorageError(failed, options.dataDir);
    await cloud?.stop().catch(() => undefined); // What has failed first is what is told.
    await cluster.stop({ immediate: true });
    throw reason;
  }
}

/** A cluster's Region is part of its name, of its certificate and of every ARN, so it cannot move. */
function checkRegion(cluster: Cluster, { region }: StackOptions): void {
  if (region === undefined || region === cluster.region) return;
  throw new Failure(`the cluster in ${cluster.dataDir} is in ${cluster.region}, not in ${region}`, {
    remedy: "Leave --region out, or choose another data directory for the other Region.",
  });
}

function portWishes({ port, awsPort }: StackOptions): { cluster: PortWish; cloud: PortWish } {
  return {
    cluster: { host, asked: port, usual: defaultPort, flag: "--port" },
    cloud: { host, asked: awsPort, usual: defaultAwsPort, flag: "--aws-port" },
  };
}

/** Others find the stack through the lock file of its data directory. */
async function published(cluster: Cluster, cloud: Cloud, rules = "latest"): Promise<Stack> {
  const facts = factsOf(cluster, cloud);
  await cluster.publish({ awsEndpoint: facts.awsEndpoint, rules });
  let stopping: Promise<void> | undefined;
  return {
    cluster,
    cloud,
    facts,
    failed: new Promise((resolve) => {
      cluster.onFailure(resolve);
    }),
    stop({ immediate = false } = {}) {
      if (immediate && stopping) return cluster.stop({ immediate });
      stopping ??= cloud.stop().finally(() => cluster.stop({ immediate }));
      return stopping;
    },
  };
}

export function factsOf(cluster: Cluster, cloud: Cloud): StackFacts {
  return {
    clusterId: cluster.id,
    clusterEndpoint: cluster.endpoint,
    host: cluster.host,
    port: cluster.port,
    caFile: cluster.caFile,
    awsEndpoint: cloud.endpoint,
    region: cluster.region,
    account: cluster.account,
    dataDir: cluster.dataDir,
    pid: process.pid,
  };
}

function silent(): void {
  // Nobody listens.
}

/** What to say when `failed` has settled. */
export function cannotGoOn(reason: Error): Failure {
  return new Failure(`the cluster cannot go on: ${textOf(reason)}`, {
    remedy:
      remedyOf(reason) ??
      "Start it again: what was committed is there. DSQL_DEBUG=1 and --verbose tell more.",
    cause: reason,
  });
}
