/**
 * A connection to the cluster as `admin`, from the environment alone: that of `dsql env`, or one's own for AWS.
 *
 * `CLUSTER_ENDPOINT` is the name to verify. On the local stack `PGHOSTADDR` and `PGPORT` say where it is and
 * `PGSSLROOTCERT` whose certificate to trust; on AWS none of the three is needed.
 */
import { readFile } from "node:fs/promises";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import pg from "pg";
import { Failure } from "../failure.ts";

const connectMsMax = 10_000;

type Environment = Readonly<Record<string, string | undefined>>;

export function hasCluster(environment: Environment): boolean {
  return (environment["CLUSTER_ENDPOINT"] ?? "") !== "";
}

export interface ConnectOptions {
  readonly environment: Environment;
  readonly region: string;
}

/** Connects, lets `work` use the connection, and closes it. */
export async function withCluster<Result>(
  options: ConnectOptions,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = await connectAsAdmin(options);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export async function connectAsAdmin({ environment, region }: ConnectOptions): Promise<pg.Client> {
  const endpoint = environment["CLUSTER_ENDPOINT"];
  if (endpoint === undefined || endpoint === "") {
    throw new Failure("CLUSTER_ENDPOINT is not set", {
      remedy:
        'For the local stack: eval "$(npx dsql env)". For AWS: export CLUSTER_ENDPOINT=<output of cdk deploy>.',
    });
  }
  const signer = new DsqlSigner({ hostname: endpoint, region });
  const caFile = environment["PGSSLROOTCERT"];
  const client = new pg.Client({
    host: environment["PGHOSTADDR"] ?? endpoint,
    port: Number(environment["PGPORT"] ?? 5432),
    database: "postgres",
    user: "admin",
    password: () => signer.getDbConnectAdminAuthToken(),
    ssl: { servername: endpoint, ...(isFile(caFile) && { ca: await readFile(caFile, "utf8") }) },
    connectionTimeoutMillis: connectMsMax,
    application_name: "helper",
  });
  // A connection that breaks while nothing is asked of it must not end the program; the next query reports it.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new Failure(`no connection to the cluster ${endpoint}: ${(error as Error).message}`, {
      remedy: "Is it running, and is CLUSTER_ENDPOINT that of the stack you deployed?",
      cause: error,
    });
  }
  return client;
}

/** libpq takes the word `system` for the authorities that the machine trusts, as Node does without a file. */
function isFile(rootCertificate: string | undefined): rootCertificate is string {
  return rootCertificate !== undefined && rootCertificate !== "" && rootCertificate !== "system";
}
