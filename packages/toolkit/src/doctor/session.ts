/** What an open connection tells: the server's clock, what the role may use, which server it is. */
import { administratorUser } from "@dsql-local/spec";
import type { ClientBase } from "pg";
import { quoteList } from "../identifiers.ts";
import type { StepReport } from "./types.ts";

/** A token lasts 15 minutes and is refused before it begins; a clock that is off by more than this eats into that. */
const clockSkewMsMax = 30_000;

export async function compareClocks(client: ClientBase): Promise<StepReport> {
  const sentMs = Date.now();
  const { rows } = await client.query<{ ms: string }>(
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS ms",
  );
  const skewMs = Number(rows[0]?.ms) - (sentMs + Date.now()) / 2;
  const seconds = (Math.abs(skewMs) / 1_000).toFixed(1);
  if (Math.abs(skewMs) <= clockSkewMsMax) {
    return { step: "clock", outcome: "ok", finding: `within ${seconds} s of the server's` };
  }
  return {
    step: "clock",
    outcome: "warning",
    finding: `this machine is ${seconds} s ${skewMs > 0 ? "behind" : "ahead of"} the server`,
    remedy: "Set this machine's clock: tokens signed by a wrong one are refused.",
  };
}

interface Schemas {
  /** The schemas of the search path that exist and may be used. */
  readonly inPath: readonly string[];
  /** The schemas of users that the role may use. */
  readonly usable: readonly string[];
  readonly searchPath: string;
}

/** @param wanted - the search path that the application sets; empty when it sets none */
export async function checkSchemas(
  client: ClientBase,
  user: string,
  wanted: readonly string[],
): Promise<StepReport> {
  if (wanted.length > 0) await client.query(`SET search_path = ${quoteList(wanted)}`);
  const schemas = await readSchemas(client);
  const missing = wanted.filter((schema) => !schemas.inPath.includes(schema));
  if (missing.length > 0) return cannotUse(missing, user, { isAll: schemas.inPath.length === 0 });
  const [first] = schemas.inPath;
  if (first !== undefined) return await checkTables(client, first, { schemas, user });
  return schemas.usable.length === 0 ? noSchema(user) : outsideOfPath(schemas);
}

async function readSchemas(client: ClientBase): Promise<Schemas> {
  const path = await client.query<{ path: string[]; setting: string }>(
    "SELECT current_schemas(false)::text[] AS path, current_setting('search_path') AS setting",
  );
  const usable = await client.query<{ nspname: string }>(
    `SELECT nspname FROM pg_catalog.pg_namespace
     WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'sys') AND has_schema_privilege(oid, 'USAGE')
     ORDER BY nspname`,
  );
  return {
    inPath: path.rows[0]?.path ?? [],
    usable: usable.rows.map(({ nspname }) => nspname),
    searchPath: path.rows[0]?.setting ?? "",
  };
}

function cannotUse(missing: readonly string[], user: string, { isAll }: { isAll: boolean }): StepReport {
  const name = quoteList(missing.slice(0, 1));
  return {
    step: "privilege",
    outcome: isAll ? "failed" : "warning",
    finding: `"${user}" cannot use ${missing.map((schema) => `"${schema}"`).join(", ")} of the search path`,
    remedy: `Create the schema if it is missing, then as its owner: GRANT USAGE ON SCHEMA ${name} TO "${user}".`,
    code: "42501",
  };
}

function noSchema(user: string): StepReport {
  return {
    step: "privilege",
    outcome: "failed",
    finding: `"${user}" may use no schema`,
    remedy: `As admin: CREATE SCHEMA app, GRANT USAGE ON SCHEMA app TO "${user}", and GRANT on each of its tables.`,
    code: "42501",
  };
}

function outsideOfPath({ usable, searchPath }: Schemas): StepReport {
  return {
    step: "privilege",
    outcome: "warning",
    finding: `search_path is ${searchPath}, and none of it can be used; the role may use ${usable.join(", ")}`,
    remedy: `Set the search path: createPool({ searchPath: ${JSON.stringify(usable[0])} }), or write schema.table.`,
  };
}

async function checkTables(
  client: ClientBase,
  schema: string,
  { schemas, user }: { schemas: Schemas; user: string },
): Promise<StepReport> {
  const { rows } = await client.query<{ tables: number; readable: number }>(
    `SELECT count(*)::int AS tables, count(*) FILTER (WHERE has_table_privilege(c.oid, 'SELECT'))::int AS readable
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'v')`,
    [schema],
  );
  const { tables, readable } = rows[0] ?? { tables: 0, readable: 0 };
  const finding = `search_path is ${schemas.searchPath}; in "${schema}" ${readable} of ${tables} tables and views can be read`;
  if (tables > 0 && readable === 0 && user !== administratorUser) {
    const remedy = `As the tables' owner: GRANT SELECT ON ALL TABLES IN SCHEMA "${schema}" TO "${user}"; again for each new table.`;
    return { step: "privilege", outcome: "warning", finding, remedy };
  }
  return { step: "privilege", outcome: "ok", finding };
}

/** Aurora DSQL says version 16 as PostgreSQL does; its own schema is what tells the two apart. */
export async function nameServer(client: ClientBase): Promise<StepReport> {
  const { rows } = await client.query<{ version: string; jobs: string | null; isolation: string }>(
    `SELECT current_setting('server_version') AS version, to_regclass('sys.jobs')::text AS jobs,
            current_setting('transaction_isolation') AS isolation`,
  );
  const { version = "?", jobs, isolation = "?" } = rows[0] ?? {};
  if (jobs !== null && jobs !== undefined) {
    return { step: "server", outcome: "ok", finding: `Aurora DSQL, PostgreSQL ${version}, ${isolation}` };
  }
  return {
    step: "server",
    outcome: "failed",
    finding: `PostgreSQL ${version} without the schema sys: this is no Aurora DSQL`,
    remedy: "Check PGHOSTADDR and PGPORT, and the endpoint: another server answers there.",
  };
}
