import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { Pool } from "pg";

let pool: Pool | undefined;

/** The pool of this execution environment: made once, kept from one invocation to the next. */
export function getPool(): Pool {
  pool ??= createPool();
  return pool;
}

function createPool(): Pool {
  const clusterEndpoint = requireEnvironment("CLUSTER_ENDPOINT");
  const signer = new DsqlSigner({ hostname: clusterEndpoint, region: requireEnvironment("AWS_REGION") });

  const created = new Pool({
    host: clusterEndpoint,
    port: 5432,
    database: "postgres",
    user: "myapp",
    // Asked once per connection. A token is checked when a connection is opened and never again, so its 15 minutes
    // limit how late it may be used, not how long the connection lives. Signing is local: no request leaves here.
    password: () => signer.getDbConnectAuthToken(),
    // The cluster's certificate is verified against the authorities that Node.js trusts, and so is the host name.
    ssl: true,
    // Lambda gives an execution environment one invocation at a time, and an invocation needs one connection.
    max: 1,
    idleTimeoutMillis: 30_000,
    // A thousand execution environments may start at once, and each opens its connection in the same second.
    connectionTimeoutMillis: 10_000,
  });

  // A connection may break while nobody uses it. The pool drops it and says so here; without a listener the event
  // would end the whole process.
  created.on("error", (error) => {
    console.warn(JSON.stringify({ event: "connection.lost", reason: error.message }));
  });
  // One that breaks in the middle of a transaction says so twice: the statement fails, which the caller hears, and the
  // connection has an event of its own, which would end the process just the same.
  created.on("connect", (client) => {
    client.on("error", () => undefined);
  });
  return created;
}

function requireEnvironment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(`The environment variable ${name} is not set`);
  }
  return value;
}
