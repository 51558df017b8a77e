/**
 * The cluster that a command works on, as an application would reach it: the one that `--endpoint` or CLUSTER_ENDPOINT
 * names, in AWS or behind `dsql env`; without them the stack that runs on the data directory.
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import type { createPool, DsqlPoolOptions } from "dsql-toolkit";
import { Option } from "commander";
import { clusterOption, dataDirOption, nonEmpty, regionName, resolveDataDir } from "../options.ts";
import { runningCluster } from "./choose-cluster.ts";
import { administratorKey } from "./credentials.ts";
import type { StackFacts } from "./stack-facts.ts";

export interface TargetOptions {
  readonly dataDir: string;
  readonly cluster?: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly user?: string;
  /** `--data-dir` stands on the command line: then the stack is meant, whatever CLUSTER_ENDPOINT says. */
  readonly isDataDirSaid?: boolean;
}

/** The options that say which cluster and as whom, in the order in which `--help` shows them. */
export function targetOptions(): Option[] {
  return [
    new Option(
      "--endpoint <endpoint>",
      "a cluster's endpoint or id (default: CLUSTER_ENDPOINT, else the local stack)",
    ).argParser(nonEmpty),
    new Option("--region <region>", "AWS Region (default: that of the endpoint)").argParser(regionName),
    new Option("--user <role>", "database role to connect as (default: CLUSTER_USER, else admin)").argParser(
      nonEmpty,
    ),
    dataDirOption(),
    clusterOption(),
  ];
}

/** What `createPool()` of the toolkit takes to reach that cluster. @throws {Failure} no stack runs there */
export async function targetPoolOptions(target: TargetOptions): Promise<DsqlPoolOptions> {
  const { endpoint, region, user } = target;
  const isInEnvironment = (process.env["CLUSTER_ENDPOINT"] ?? "") !== "" && target.isDataDirSaid !== true;
  const isNamed = endpoint !== undefined || isInEnvironment;
  if (isNamed && target.cluster === undefined) return { endpoint, region, user, applicationName: "dsql" };
  const facts = await runningCluster({ dataDir: resolveDataDir(target.dataDir), cluster: target.cluster });
  const environment = { CLUSTER_USER: process.env["CLUSTER_USER"] };
  return { ...(await stackPoolOptions(facts, user)), environment };
}

/**
 * What `createPool()` takes to reach a cluster of the stack that runs here, whatever AWS_PROFILE or PGHOSTADDR say.
 * @param user - `admin` by default
 */
export async function stackPoolOptions(facts: StackFacts, user?: string): Promise<DsqlPoolOptions> {
  return {
    endpoint: facts.clusterEndpoint,
    region: facts.region,
    user,
    address: { host: facts.host, port: facts.port },
    ca: await readFile(facts.caFile, "utf8"),
    credentials: administratorKey(facts),
    applicationName: "dsql",
    environment: {},
  };
}

export async function targetPool(
  target: TargetOptions,
  more: Pick<DsqlPoolOptions, "max" | "min"> = {},
): Promise<ReturnType<typeof createPool>> {
  const toolkit = await import("dsql-toolkit");
  return toolkit.createPool({ ...(await targetPoolOptions(target)), ...more });
}
