/** What the cloud needs to know of the cluster it stands beside; `Cluster` of `@dsql-local/cluster` has all of it. */

import type { Identities } from "@dsql-local/cluster";

export interface CloudCluster {
  /** 26 characters of `[a-z0-9]`. */
  readonly id: string;
  /** `<id>.dsql.<region>.on.aws` */
  readonly endpoint: string;
  readonly arn: string;
  readonly region: string;
  /** 12 digits. */
  readonly account: string;
  readonly identities: Identities;
  /** Where the endpoint's name leads on this machine. */
  readonly host: string;
  readonly port: number;
  /** The certificate authority that signed the cluster's certificate, as a PEM file. */
  readonly caFile: string;
}
