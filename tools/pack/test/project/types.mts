import { startCluster, type LocalCluster } from "dsql-local";
import { createPool, transaction } from "dsql-toolkit";
import { lint } from "dsql-toolkit/lint";
import { transactionDrizzle } from "dsql-toolkit/drizzle";

export async function use(): Promise<string> {
  const cluster: LocalCluster = await startCluster({ region: "us-west-2" });
  const pool = createPool(cluster.poolOptions());
  // @ts-expect-error: a pool is no `any`, though nobody has installed @types/pg
  pool.nothingOfTheKind();
  // @ts-expect-error: nor is a cluster
  cluster.nothingOfTheKind();
  // @ts-expect-error: options are checked
  void startCluster({ nothingOfTheKind: true });
  const { rows } = await transaction(pool, (tx) => tx.query<{ name: string }>("SELECT 'a' AS name"));
  void lint;
  void transactionDrizzle;
  const name: string | undefined = rows[0]?.name;
  return name ?? cluster.endpoint;
}
