/** What clusters and their streams say about access: the cluster's policy, and the tags of what is asked about. */

import { parsePolicy } from "@dsql-local/account";

import type { ResourceFacts } from "../authorization.ts";
import type { DsqlControlPlane } from "./control-plane.ts";

export function describeCluster(plane: DsqlControlPlane, resourceArn: string): ResourceFacts | undefined {
  const match = /^arn:aws:dsql:([^:]+):\d{12}:cluster\/([a-z0-9]{26})(?:\/stream\/(.+))?$/.exec(resourceArn);
  if (match === null) return undefined;
  const [, region = "", id, stream] = match;
  const known = plane.list(region).find(({ cluster }) => cluster.id === id);
  if (known === undefined) return undefined;
  const { cluster, record } = known;
  const tags =
    stream === undefined
      ? record.tags
      : record.streams?.find(({ identifier }) => identifier === stream)?.tags;
  return {
    tags,
    policy: cluster.policy === undefined ? undefined : parsePolicy(cluster.policy, "resource"),
  };
}
