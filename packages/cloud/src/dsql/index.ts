/**
 * The control plane of Aurora DSQL: every operation of its API, over the clusters that this machine runs.
 *
 * Promises: a cluster that was created is a PostgreSQL of its own behind the common port; deleted, its data are gone.
 * Identifiers are looked for in the Region that signed the request. What a refusal says is what the service's error
 * shapes have room for.
 */
export {
  type ClusterSettings,
  type ClusterView,
  type CreateRequest,
  DsqlControlPlane,
  encryptionDetails,
  vpcEndpoint,
} from "./control-plane.ts";
export { checkPolicy } from "./policy.ts";
export { describeCluster } from "./described-cluster.ts";
export { type ClusterRecord, ClusterRecords } from "./records.ts";
export { createDsql } from "./service.ts";
