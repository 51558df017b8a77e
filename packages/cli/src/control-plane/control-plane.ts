/** The operations on clusters that people need, each made of the API's smaller ones. */
import process from "node:process";
import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DSQLClient,
  GetClusterCommand,
  UpdateClusterCommand,
  waitUntilClusterActive,
  waitUntilClusterNotExists,
} from "@aws-sdk/client-dsql";
import { Failure } from "../failure.ts";
import { administratorKey, type StackFacts } from "../stack/index.ts";

export interface DescribedCluster {
  readonly id: string;
  readonly arn: string;
  readonly region: string;
  readonly endpoint: string;
  readonly status: string;
  /** The tag `Name`. */
  readonly name?: string;
  readonly deletionProtectionEnabled: boolean;
  /** ARNs. */
  readonly peers: readonly string[];
}

interface ClusterInRegion {
  readonly id: string;
  readonly region: string;
}

interface Created extends ClusterInRegion {
  readonly arn: string;
}

const waiting = { maxWaitTime: 60, minDelay: 1 };

// The SDK would tell everybody who runs an older Node.js than it will like some day.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

export class ControlPlane {
  readonly #facts: StackFacts;

  constructor(facts: StackFacts) {
    this.#facts = facts;
  }

  async create({ region, name }: { region: string; name?: string | undefined }): Promise<DescribedCluster> {
    const created = await this.#create(region, name);
    return await this.#whenActive(created);
  }

  /** Two clusters over the same data. Each has to name the other; the first can only once the second is there. */
  async createPeers(request: {
    regions: readonly [string, string];
    witnessRegion: string;
    name?: string | undefined;
  }): Promise<readonly DescribedCluster[]> {
    const { regions, witnessRegion, name } = request;
    if (regions.includes(witnessRegion))
      throw new Failure(`the witness Region ${witnessRegion} is one of the clusters' own`, {
        remedy: "Name a third Region with --witness.",
      });
    const first = await this.#create(regions[0], name, { witnessRegion });
    const second = await this.#create(regions[1], name, { witnessRegion, clusters: [first.arn] });
    const multiRegionProperties = { witnessRegion, clusters: [first.arn, second.arn] };
    const update = new UpdateClusterCommand({ identifier: first.id, multiRegionProperties });
    await this.#clientIn(first.region).send(update);
    return [await this.#whenActive(first), await this.#whenActive(second)];
  }

  async describe({ id, region }: ClusterInRegion): Promise<DescribedCluster> {
    const cluster = await this.#clientIn(region).send(new GetClusterCommand({ identifier: id }));
    const { arn = "", endpoint = "", status = "", tags, deletionProtectionEnabled } = cluster;
    const name = tags?.["Name"];
    return {
      id,
      arn,
      region,
      endpoint,
      status,
      ...(name !== undefined && { name }),
      deletionProtectionEnabled: deletionProtectionEnabled === true,
      peers: (cluster.multiRegionProperties?.clusters ?? []).filter((peer) => peer !== arn),
    };
  }

  /**
   * @param force - also where deletion protection is on
   * @returns what was deleted: the cluster and its peer
   */
  async delete(cluster: ClusterInRegion, force: boolean): Promise<readonly ClusterInRegion[]> {
    const { peers } = await this.describe(cluster);
    const leaving = [cluster, ...peers.map(clusterOfArn)];
    if (!force) await this.#refuseProtected(leaving);
    for (const { id: identifier, region } of leaving) {
      const client = this.#clientIn(region);
      if (force)
        await client.send(new UpdateClusterCommand({ identifier, deletionProtectionEnabled: false }));
      await client.send(new DeleteClusterCommand({ identifier }));
    }
    for (const { id: identifier, region } of leaving)
      await waitUntilClusterNotExists({ client: this.#clientIn(region), ...waiting }, { identifier });
    return leaving;
  }

  async #refuseProtected(clusters: readonly ClusterInRegion[]): Promise<void> {
    for (const cluster of clusters) {
      if (!(await this.describe(cluster)).deletionProtectionEnabled) continue;
      throw new Failure(`deletion protection is on for ${cluster.id}`, {
        remedy: "Delete it all the same with --force.",
      });
    }
  }

  async #create(
    region: string,
    name: string | undefined,
    multiRegionProperties?: { witnessRegion: string; clusters?: string[] },
  ): Promise<Created> {
    const { identifier: id = "", arn = "" } = await this.#clientIn(region).send(
      new CreateClusterCommand({
        deletionProtectionEnabled: false,
        ...(name !== undefined && { tags: { Name: name } }),
        ...(multiRegionProperties !== undefined && { multiRegionProperties }),
      }),
    );
    return { id, region, arn };
  }

  async #whenActive(cluster: ClusterInRegion): Promise<DescribedCluster> {
    const client = this.#clientIn(cluster.region);
    await waitUntilClusterActive({ client, ...waiting }, { identifier: cluster.id });
    return await this.describe(cluster);
  }

  #clientIn(region: string): DSQLClient {
    const { awsEndpoint: endpoint } = this.#facts;
    return new DSQLClient({ endpoint, region, credentials: administratorKey(this.#facts) });
  }
}

function clusterOfArn(arn: string): ClusterInRegion {
  const [, , , region = "", , resource = ""] = arn.split(":");
  return { id: resource.slice(resource.indexOf("/") + 1), region };
}
