/** Knex on Aurora DSQL: a token for each new connection, and verified TLS. */
import process from "node:process";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import knex, { type Knex } from "knex";

/** A token lives 15 minutes, and the service looks at it only while connecting. */
const tokenMsMax = 10 * 60 * 1_000;

export function openKnex(): Knex {
  const hostname = variable("CLUSTER_ENDPOINT");
  const user = variable("CLUSTER_USER");
  const signer = new DsqlSigner({ hostname, region: variable("REGION") });
  return knex({
    client: "pg",
    // Asked again for a new connection when the checker says so.
    connection: async () => {
      const madeAtMs = performance.now();
      return {
        host: hostname,
        port: 5432,
        database: "postgres",
        user,
        password:
          user === "admin" ? await signer.getDbConnectAdminAuthToken() : await signer.getDbConnectAuthToken(),
        ssl: { rejectUnauthorized: true },
        sslnegotiation: "direct",
        expirationChecker: () => performance.now() - madeAtMs > tokenMsMax,
      };
    },
    // The admin's tables are in `public`; every other role works in a schema of its own.
    searchPath: user === "admin" ? "public" : "myschema",
    pool: {
      min: 0,
      max: 10,
      idleTimeoutMillis: 600_000,
      // The service ends a connection after 60 minutes; these are not to end all at once.
      maxConnectionLifetimeMillis: 45 * 60 * 1_000,
      maxConnectionLifetimeJitterMillis: 10 * 60 * 1_000,
    },
  });
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set. For the local cluster: eval "$(npx dsql env)"`);
  return value;
}
