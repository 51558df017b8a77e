/** A local stack of a test's own, and the environments in which samples run against it. */
import process from "node:process";
import type { TestContext } from "node:test";
import { type LocalCluster, startCluster } from "dsql-local";
import pg from "pg";

export interface Stack {
  readonly cluster: LocalCluster;
  /** What `eval "$(npx dsql env)"` makes of this process's environment: the samples run as `admin`. */
  readonly admin: NodeJS.ProcessEnv;
  /** The same for a role that is not admin and has a schema of its own, `myschema`. */
  readonly role: NodeJS.ProcessEnv;
}

const roleName = "owner_app";

/**
 * Ends with the test.
 *
 * @param options.for - the platform of a program that is not for Node, as `dsql env --for` has it
 */
export async function startStack(
  context: TestContext,
  options: NonNullable<Parameters<LocalCluster["environment"]>[0]> = {},
): Promise<Stack> {
  const cluster = await startCluster({ cloud: true });
  context.after(() => cluster.stop());
  await createRole(cluster);
  const admin = { ...process.env, ...(await cluster.environment(options)) };
  // Node's runner sets it for its children, and a runner that finds it runs nothing.
  delete admin["NODE_TEST_CONTEXT"];
  const role = { ...admin, CLUSTER_USER: roleName, PGPASSWORD: cluster.token({ user: roleName }) };
  return { cluster, admin, role };
}

async function createRole(cluster: LocalCluster): Promise<void> {
  const client = new pg.Client(cluster.connection());
  await client.connect();
  try {
    await client.query(`CREATE ROLE ${roleName} WITH LOGIN`);
    await client.query("CREATE SCHEMA myschema");
    await client.query(`GRANT USAGE, CREATE ON SCHEMA myschema TO ${roleName}`);
    await client.query(`AWS IAM GRANT ${roleName} TO '${cluster.principalArn}'`);
  } finally {
    await client.end();
  }
}
