/**
 * The cluster as `admin`, from the environment alone: that of `dsql env`, or one's own for AWS.
 *
 * `CLUSTER_ENDPOINT` is the name to verify. On the local stack `PGHOSTADDR` and `PGPORT` say where it is and
 * `PGSSLROOTCERT` whose certificate to trust; on AWS none of the three is needed.
 */
import { createPool, type DsqlPoolOptions } from "dsql-toolkit";
import type pg from "pg";
import { Failure } from "../failure.ts";
import { withConnection } from "../stack/index.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export function hasCluster(environment: Environment): boolean {
  return (environment["CLUSTER_ENDPOINT"] ?? "") !== "";
}

/** Connects, lets `work` use the connection, and closes it. */
export async function withCluster<Result>(
  environment: Environment,
  work: (client: pg.ClientBase) => Promise<Result>,
): Promise<Result> {
  return await withConnection(asAdmin(environment), work);
}

/** @returns a pool that opens as many connections at once, as the service accepts it from one who was quiet before */
export function clusterPool(environment: Environment, connections: number): pg.Pool {
  return createPool({
    ...asAdmin(environment),
    max: connections,
    min: 0,
    connectTimeoutMs: connectMsMax,
    pace: { burst: connections },
  });
}

// Many connections are opened at once; the last of them waits for all the others.
const connectMsMax = 30_000;

function asAdmin(environment: Environment): DsqlPoolOptions {
  if (!hasCluster(environment)) {
    throw new Failure("CLUSTER_ENDPOINT is not set", {
      remedy:
        'For the local stack: eval "$(npx dsql env)". For AWS: export CLUSTER_ENDPOINT=<output of cdk deploy>.',
    });
  }
  // Not the helper's --region: that is the function's, and the endpoint names its own.
  return { user: "admin", applicationName: "helper", environment };
}
