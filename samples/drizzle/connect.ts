/** Drizzle over the toolkit's pool, which makes tokens, verifies TLS and ends connections before the service does. */
import process from "node:process";
import { createPool } from "dsql-toolkit";
import { drizzle } from "drizzle-orm/node-postgres";

/** CLUSTER_ENDPOINT, CLUSTER_USER and REGION say where. End `$client`, the pool, when done. */
export function openDatabase() {
  return drizzle(createPool({ searchPath: schemaOfUser() }));
}

/** The admin's tables are in `public`; every other role works in a schema of its own. */
export const schemaOfUser = (): string => (process.env.CLUSTER_USER === "admin" ? "public" : "myschema");
