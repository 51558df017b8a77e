/** Clusters without PostgreSQL, for tests that connect to none; `dsql-control-plane.test.ts` has real ones. */

import { randomBytes } from "node:crypto";

import type { Clusters, HostedCluster } from "@dsql-local/cluster";

export class DescribedClusters implements Clusters {
  readonly #account: string;
  readonly #region: string;
  #clusters: readonly HostedCluster[];

  constructor(first: { id: string; region: string; account: string }) {
    this.#account = first.account;
    this.#region = first.region;
    this.#clusters = [this.#describe(first.id, first.region)];
  }

  get first(): HostedCluster {
    const [first] = this.#clusters;
    if (first === undefined) throw new Error("there is at least one cluster");
    return first;
  }

  list = (): readonly HostedCluster[] => this.#clusters;

  find = (id: string): HostedCluster | undefined => this.#clusters.find((cluster) => cluster.id === id);

  create = (request: { region: string }): Promise<HostedCluster> => {
    const cluster = this.#describe(randomBytes(13).toString("hex"), request.region);
    this.#clusters = [...this.#clusters, cluster];
    return Promise.resolve(cluster);
  };

  delete = async (id: string): Promise<void> => {
    this.#clusters = this.#clusters.filter((cluster) => cluster.id !== id);
    if (this.#clusters.length === 0) await this.create({ region: this.#region });
  };

  makePeers = (): Promise<void> => Promise.resolve();
  setPolicy = (id: string, policy: string | undefined): Promise<void> => {
    this.#clusters = this.#clusters.map((cluster) => (cluster.id === id ? { ...cluster, policy } : cluster));
    return Promise.resolve();
  };
  isInUse = (): Promise<boolean> => Promise.resolve(false);
  onChange = (): (() => void) => () => undefined;

  #describe(id: string, region: string): HostedCluster {
    return {
      id,
      region,
      endpoint: `${id}.dsql.${region}.on.aws`,
      arn: `arn:aws:dsql:${region}:${this.#account}:cluster/${id}`,
      createdAtMs: Date.now(),
      state: "ready",
      opening: undefined,
      policy: undefined,
      token: () => "",
    };
  }
}
