/** Connections to Aurora DSQL with postgres.js: each new one gets a fresh token, and TLS that verifies the server. */
import process from "node:process";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import postgres from "postgres";

/** A round trip less than asking first. The types of postgres.js 3.4.9 do not know the option yet. */
const directTls = { sslnegotiation: "direct" };

/** @param options - of postgres.js, added to ours */
export function openSql(options: postgres.Options<Record<string, postgres.PostgresType>> = {}): postgres.Sql {
  const hostname = variable("CLUSTER_ENDPOINT");
  const user = variable("CLUSTER_USER");
  const signer = new DsqlSigner({ hostname, region: variable("REGION") });
  return postgres({
    host: hostname,
    port: 5432,
    database: "postgres",
    username: user,
    // Asked for each new connection: a token lives 15 minutes, and the service looks at it only while connecting.
    password: () => (user === "admin" ? signer.getDbConnectAdminAuthToken() : signer.getDbConnectAuthToken()),
    // verify-full.
    ssl: { rejectUnauthorized: true },
    ...directTls,
    max: 10,
    // Seconds. The service ends a connection after 60 minutes.
    idle_timeout: 600,
    max_lifetime: 55 * 60,
    // The admin's tables are in `public`; every other role works in a schema of its own.
    connection: { search_path: user === "admin" ? "public" : "myschema" },
    // Would ask the catalog for array types on each connection; no column of DSQL has one.
    fetch_types: false,
    // "relation already exists, skipping" is no news.
    onnotice: () => undefined,
    ...options,
  });
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set. For the local cluster: eval "$(npx dsql env)"`);
  return value;
}
