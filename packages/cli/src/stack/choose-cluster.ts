/** Which of the stack's clusters is meant: they share one port, and each has its own name, data and tokens. */
import { type ClusterEntry, readClusterFile } from "@dsql-local/cluster/data-dir";
import { Failure } from "../failure.ts";
import { dataDirFlag } from "../options.ts";
import { runningStack } from "./lock.ts";
import type { StackFacts } from "./stack-facts.ts";

/** What commands that speak to one cluster take. */
export interface ClusterChoice {
  readonly dataDir: string;
  /** An id or its beginning, an endpoint, an ARN or a Region; the oldest cluster where it is absent. */
  readonly cluster?: string | undefined;
}

/** The running stack, with one of its clusters. @throws {Failure} nothing runs, or no one cluster is meant */
export async function runningCluster({ dataDir, cluster }: ClusterChoice): Promise<StackFacts> {
  const facts = await runningStack(dataDir);
  if (cluster === undefined) return facts;
  const { id, region } = chooseCluster(await clustersOf(dataDir), cluster, dataDir);
  return { ...facts, clusterId: id, clusterEndpoint: endpointOf({ id, region }), region };
}

/** The clusters of a data directory, oldest first. */
export async function clustersOf(dataDir: string): Promise<readonly ClusterEntry[]> {
  return (await readClusterFile(dataDir))?.clusters ?? [];
}

export function endpointOf({ id, region }: Pick<ClusterEntry, "id" | "region">): string {
  return `${id}.dsql.${region}.on.aws`;
}

/** @throws {Failure} none is meant, or several are: it lists those that there are */
export function chooseCluster(
  clusters: readonly ClusterEntry[],
  wanted: string,
  dataDir: string,
): ClusterEntry {
  const named = /^arn:aws:dsql:[^:]+:\d+:cluster\/(\w+)$/.exec(wanted)?.[1] ?? wanted.split(".")[0] ?? "";
  const meant = clusters.filter(({ id, region }) => region === wanted || id.startsWith(named));
  const [only] = meant;
  if (only !== undefined && meant.length === 1) return only;
  const candidates = (only === undefined ? clusters : meant).map(endpointOf).join(", ");
  throw new Failure(
    only === undefined ? `there is no cluster ${wanted}` : `${wanted} may mean several clusters`,
    { remedy: `Name one of ${candidates}. See: npx dsql status${dataDirFlag(dataDir)}` },
  );
}
