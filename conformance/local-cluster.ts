/**
 * A cluster of this project on a temporary data directory, for judging it.
 *
 * The only file here that knows the cluster's package, and it takes no more from it than where to connect and how.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Target } from "./client/index.ts";

export interface LocalCluster {
  readonly target: Target;
  stop(): Promise<void>;
}

export async function startLocalCluster(): Promise<LocalCluster> {
  const { createCluster } = await import("@dsql-local/cluster");
  const dataDir = await mkdtemp(join(tmpdir(), "dsql-conformance-"));
  const cluster = createCluster({ dataDir: join(dataDir, "data"), port: 0 });
  const stop = async (): Promise<void> => {
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await cluster.start();
    return { target: await targetOf(cluster), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function targetOf(cluster: {
  readonly host: string;
  readonly port: number;
  readonly endpoint: string;
  readonly caFile: string;
  readonly identities: { readonly administrator: { readonly principalArn: string } };
  token(options: { user: string }): string;
}): Promise<Target> {
  return {
    host: cluster.host,
    port: cluster.port,
    tls: { servername: cluster.endpoint, ca: await readFile(cluster.caFile, "utf8") },
    user: "admin",
    database: "postgres",
    password: (user) => Promise.resolve(cluster.token({ user })),
    principalArn: cluster.identities.administrator.principalArn,
  };
}
