/** Prisma over a pool of node-postgres: each new connection gets a fresh token, and TLS that verifies the server. */
import process from "node:process";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PrismaClient } from "./dist/client.ts";

/** The admin's tables are in `public`; every other role works in a schema of its own. */
export const schemaOfUser = (): string => (variable("CLUSTER_USER") === "admin" ? "public" : "myschema");

export function openPool(): pg.Pool {
  const hostname = variable("CLUSTER_ENDPOINT");
  const user = variable("CLUSTER_USER");
  const signer = new DsqlSigner({ hostname, region: variable("REGION") });
  return new pg.Pool({
    host: hostname,
    port: 5432,
    database: "postgres",
    user,
    // Asked for each new connection: a token lives 15 minutes, and the service looks at it only while connecting.
    password: () => (user === "admin" ? signer.getDbConnectAdminAuthToken() : signer.getDbConnectAuthToken()),
    ssl: { rejectUnauthorized: true },
    sslnegotiation: "direct",
    max: 10,
    idleTimeoutMillis: 600_000,
    // The service ends a connection after 60 minutes.
    maxLifetimeSeconds: 55 * 60,
    onConnect: (client) => client.query(`SET search_path = ${schemaOfUser()}`),
  });
}

/** `$disconnect()` ends the pool as well. */
export function openPrisma(): PrismaClient {
  const adapter = new PrismaPg(openPool(), {
    schema: schemaOfUser(),
    disposeExternalPool: true,
    onPoolError: (error) => {
      console.error(`an idle connection broke: ${error.message}`);
    },
  });
  return new PrismaClient({ adapter });
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set. For the local cluster: eval "$(npx dsql env)"`);
  return value;
}
