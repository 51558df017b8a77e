/**
 * The clusters that one process serves, each with its names, its policy and the data set it stands on.
 *
 * Promises: a cluster that was created is there after every restart until it is deleted, and its data go with it. Peers
 * in two Regions see the same rows. No cluster's data, roles or tokens are of any use in another.
 */
export type { DataSet } from "./data-set.ts";
export type { ClusterState, HostedCluster } from "./hosted-cluster.ts";
export { ClusterConflict, type Clusters, LocalClusters, openClusterFile } from "./local-clusters.ts";
