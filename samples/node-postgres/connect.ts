/** Connections to Aurora DSQL with node-postgres: each new one gets a fresh token, and TLS that verifies the server. */
import process from "node:process";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import pg from "pg";

/** The admin's tables are in `public`; every other role works in a schema of its own. */
const schemaOf = (user: string): string => (user === "admin" ? "public" : "myschema");

export function openPool(): pg.Pool {
  const hostname = variable("CLUSTER_ENDPOINT");
  const user = variable("CLUSTER_USER");
  const signer = new DsqlSigner({ hostname, region: variable("REGION") });
  const pool = new pg.Pool({
    host: hostname,
    port: 5432,
    database: "postgres",
    user,
    // Asked for each new connection: a token lives 15 minutes, and the service looks at it only while connecting.
    password: () => (user === "admin" ? signer.getDbConnectAdminAuthToken() : signer.getDbConnectAuthToken()),
    // verify-full, and TLS from the first byte: a round trip less.
    ssl: { rejectUnauthorized: true },
    sslnegotiation: "direct",
    min: 2,
    max: 10,
    idleTimeoutMillis: 600_000,
    // The service ends a connection after 60 minutes.
    maxLifetimeSeconds: 55 * 60,
    // The pool waits for the promise, though its types do not say so.
    onConnect: (client) => client.query(`SET search_path = ${schemaOf(user)}`),
  });
  // Without a listener an idle connection that breaks would end the process. The pool replaces it.
  pool.on("error", (error) => {
    console.error(`an idle connection broke: ${error.message}`);
  });
  return pool;
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set. For the local cluster: eval "$(npx dsql env)"`);
  return value;
}
