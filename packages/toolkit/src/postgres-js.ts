/**
 * The same connections for postgres.js: its options, with tokens, TLS, pace and lifetimes as in `pool.ts`.
 *
 *     import postgres from "postgres";
 *     const sql = postgres(postgresJsOptions());
 *     await transactionPostgresJs(sql, (tx) => tx`UPDATE …`);
 *
 * postgres.js draws one lifetime for all its connections; it does not let a connection have one of its own.
 */
import { connect, type Socket } from "node:net";
import process from "node:process";
import type { ClientSettings } from "./client.ts";
import { type Attempt, type ConnectError, explainConnectError } from "./connect-error.ts";
import { sqlstateOf } from "./errors.ts";
import { runWithRetry, type AdapterOptions } from "./orm/index.ts";
import {
  type DsqlPoolOptions,
  lifetimeMsOf,
  poolDefaults,
  searchPathOf,
  settingsOf,
  sizeOf,
  transportOf,
} from "./pool.ts";
import { quoteList } from "./identifiers.ts";

/** What `postgres()` takes; written out so that this package does not depend on it. Durations are seconds, as all there. */
export interface PostgresJsOptions {
  readonly host: string;
  readonly port: number;
  readonly database: "postgres";
  readonly username: string;
  readonly password: () => Promise<string>;
  readonly ssl: { readonly servername: string; readonly rejectUnauthorized: true; readonly ca?: string };
  readonly sslnegotiation: "direct" | null;
  readonly max: number;
  readonly idle_timeout: number;
  readonly max_lifetime: number;
  readonly connect_timeout: number;
  /** Would ask the catalog for array types, which no column of DSQL has, on each connection. */
  readonly fetch_types: false;
  readonly connection: { readonly application_name?: string; readonly search_path?: string };
  readonly socket: () => Promise<Socket>;
}

/** @throws {UsageError} as of {@link createPool} */
export function postgresJsOptions(options: DsqlPoolOptions = {}): PostgresJsOptions {
  const environment = options.environment ?? process.env;
  const settings = settingsOf(options, environment);
  const transport = transportOf(options, environment, settings.cluster.host);
  const searchPath = searchPathOf(options);
  let token = "";
  return {
    ...transport,
    database: "postgres",
    username: settings.tokenRequest.user,
    // Signed before the socket opens: postgres.js hears nobody when a password cannot be had, and the process would end.
    password: () => Promise.resolve(token),
    sslnegotiation: options.tlsNegotiation === "postgres" ? null : "direct",
    max: sizeOf(options, environment).max,
    idle_timeout: (options.idleTimeoutMs ?? poolDefaults.idleTimeoutMs) / 1_000,
    max_lifetime: (lifetimeMsOf(options) / 1_000) * (0.8 + Math.random() * 0.2),
    connect_timeout: settings.connectTimeoutMs / 1_000,
    fetch_types: false,
    connection: {
      ...(options.applicationName !== undefined && { application_name: options.applicationName }),
      ...(searchPath.length > 0 && { search_path: quoteList(searchPath) }),
    },
    socket: async () => {
      try {
        await settings.pace.wait();
        ({ token } = await settings.tokens.token(settings.tokenRequest));
        return await connected(transport);
      } catch (error) {
        throw explained(error, { settings, transport, reached: "nothing" });
      }
    },
  };
}

/**
 * Names the step at which postgres.js failed to connect, of which it gives the server's or Node's words alone.
 *
 *     await sql`SELECT 1`.catch((error) => { throw postgresJsConnectError(error, options); });
 *
 * @param error - what a statement was rejected with. Where the connection stood, it comes back as it is
 * @param options - those that {@link postgresJsOptions} was given
 */
export function postgresJsConnectError(error: unknown, options: DsqlPoolOptions = {}): unknown {
  if (!isOfConnecting(error)) return error;
  const environment = options.environment ?? process.env;
  const settings = settingsOf(options, environment);
  const transport = transportOf(options, environment, settings.cluster.host);
  return explained(error, { settings, transport, reached: "password" });
}

/** 08006 refuses a token, class 28 what comes before it, 53 a connection; what comes from TLS has a code of Node's. */
function isOfConnecting(error: unknown): boolean {
  const sqlstate = sqlstateOf(error);
  if (sqlstate !== undefined) return /^(08006|28|53)/.test(sqlstate);
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" && /CERT|SIGNATURE|ALTNAME|^ERR_(SSL|TLS)_|^CONNECT_TIMEOUT$/.test(code);
}

function explained(error: unknown, { settings, transport, reached }: Connecting): ConnectError {
  const { cluster, tokenRequest } = settings;
  return explainConnectError(error, {
    host: transport.host,
    port: transport.port,
    user: tokenRequest.user,
    cluster,
    reached,
    tokenAgeMs: 0,
    timedOut: (error as { code?: unknown } | undefined)?.code === "CONNECT_TIMEOUT",
  });
}

interface Connecting {
  readonly settings: ClientSettings;
  readonly transport: { readonly host: string; readonly port: number };
  readonly reached: Attempt["reached"];
}

async function connected({ host, port }: { host: string; port: number }): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });
  socket.removeAllListeners("error");
  return socket;
}

/** As much of a postgres.js client as is needed. */
export interface PostgresJs<Sql> {
  /** The first argument is what follows BEGIN. */
  begin(options: string, run: (sql: Sql) => Promise<unknown>): Promise<unknown>;
}

/** `sql.begin()` with the retry of {@link transaction}; the same rules hold for the function. */
export function transactionPostgresJs<Sql, Result>(
  sql: PostgresJs<Sql>,
  run: (sql: Sql) => Promise<Result>,
  options: AdapterOptions = {},
): Promise<Result> {
  return runWithRetry(sql, (work) => sql.begin("", work), run, options);
}
