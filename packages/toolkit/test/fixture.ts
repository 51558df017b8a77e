/** A cluster on a temporary data directory, and pools on it. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, type ClusterOptions, createCluster } from "@dsql-local/cluster";
import type { Pool } from "pg";
import { createPool, type DsqlPoolOptions, TokenCache } from "../src/index.ts";

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
      await Promise.all(pools.filter((pool) => !pool.ended && !pool.ending).map((pool) => pool.end()));
      await cluster.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes tables, a statement in a transaction each, as DSQL wants it. */
export async function define(pool: Pool, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) await pool.query(statement);
}
