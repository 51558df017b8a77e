/** What the cloud needs to know of the clusters it stands beside; `Cluster` of `@dsql-local/cluster` has all of it. */

import type { Identities } from "@dsql-local/account";
import type { Clusters } from "@dsql-local/cluster";

export interface CloudCluster {
  readonly clusters: Clusters;
  /** 12 digits. */
  readonly account: string;
  readonly identities: Identities;
  /** Where the clusters' names lead on this machine. */
  readonly host: string;
  readonly port: number;
  /** The certificate authority that signed the clusters' certificate, as a PEM file. */
  readonly caFile: string;
}
