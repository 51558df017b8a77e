/** Kysely over the toolkit's pool, which makes tokens, verifies TLS and ends connections before the service does. */
import process from "node:process";
import { createPool } from "dsql-toolkit";
import { type Generated, Kysely } from "kysely";
import { DsqlDialect } from "./dsql-dialect.ts";

export interface Database {
  owner: OwnerTable;
}

interface OwnerTable {
  id: Generated<string>;
  name: string;
  city: string;
  telephone: string | null;
}

/** The admin's tables are in `public`; every other role works in a schema of its own. */
export function schemaName(): string {
  return process.env.CLUSTER_USER === "admin" ? "public" : "myschema";
}

/** CLUSTER_ENDPOINT, CLUSTER_USER and REGION say where. `destroy()` it when done. */
export function openDatabase(): Kysely<Database> {
  const searchPath = schemaName();
  return new Kysely<Database>({ dialect: new DsqlDialect({ pool: createPool({ searchPath }) }) });
}
