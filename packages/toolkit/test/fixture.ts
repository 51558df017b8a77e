/** A cluster on a temporary data directory, and pools on it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, type ClusterOptions, createCluster } from "@dsql-local/cluster";
import type { Pool } from "pg";
import { createPool, type DsqlPoolOptions, retryConflicts, TokenCache } from "../src/index.ts";

export interface Fixture {
  readonly cluster: Cluster;
  /** Ended with the fixture. */
  pool(options?: Partial<DsqlPoolOptions>): Pool;
  poolOptions(options?: Partial<DsqlPoolOptions>): DsqlPoolOptions;
  readonly folder: string;
  stop(): Promise<void>;
}

export async function startFixture(options: Partial<ClusterOptions> = {}): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), "toolkit-test-"));
  const cluster = createCluster({ dataDir: join(folder, "cluster"), ...options });
  await cluster.start();
  const pools: Pool[] = [];
  const poolOptions = (overrides: Partial<DsqlPoolOptions> = {}): DsqlPoolOptions => {
    const { accessKeyId, secretAccessKey } = cluster.identities.administrator;
    return {
      endpoint: cluster.endpoint,
      address: { host: cluster.host, port: cluster.port },
      ca: readFileSync(cluster.caFile, "utf8"),
      credentials: { accessKeyId, secretAccessKey },
      tokens: new TokenCache(),
      environment: {},
      min: 0,
      ...overrides,
    };
  };
  return {
    cluster,
    folder,
    poolOptions,
    pool: (overrides) => {
      const pool = createPool(poolOptions(overrides));
      pools.push(pool);
      return pool;
    },
    stop: async () => {
      // Not awaited: a client that a failed test has kept is ended by the cluster's end alone.
      for (const pool of pools) if (!pool.ended && !pool.ending) void pool.end();
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What says which cluster is meant, and as whom one connects, to a program that is configured by its environment. */
export function clusterVariables(cluster: Cluster): Record<string, string> {
  return {
    CLUSTER_ENDPOINT: cluster.endpoint,
    CLUSTER_USER: "admin",
    REGION: cluster.region,
    PGHOSTADDR: cluster.host,
    PGPORT: String(cluster.port),
    PGSSLROOTCERT: cluster.caFile,
  };
}

/** The environment of a child process that connects to the cluster: with the administrator's keys. */
export function childEnvironment(cluster: Cluster): NodeJS.ProcessEnv {
  const { accessKeyId, secretAccessKey } = cluster.identities.administrator;
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  return { ...process.env, ...clusterVariables(cluster), ...keys };
}

/** A name that no resolver knows, and none asks the network for: a part of it is empty. */
export const unknownHost = "no..where";

/** A cache that gives out the administrator's token after it has expired: its clock stands still. */
export async function expiredTokens({ endpoint, region, identities }: Cluster): Promise<TokenCache> {
  const stoppedMs = Date.now();
  const tokens = new TokenCache({ nowMs: () => stoppedMs });
  const credentials = () => Promise.resolve(identities.administrator);
  await tokens.token({ host: endpoint, region, user: "admin", credentials, lifetimeSeconds: 1 });
  await sleep(2_100); // Signed at a whole second, it is good for the one after that too.
  return tokens;
}

/**
 * Makes tables, a statement in a transaction each, as DSQL wants it; again where the end of an index build has changed the catalog
 * meanwhile.
 */
export async function define(pool: Pool, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) await retryConflicts(() => pool.query(statement));
}
