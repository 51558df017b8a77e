/**
 * A pool of connections to Aurora DSQL: a `pg.Pool` with everything set that the service asks for.
 *
 *     const pool = createPool();                    // CLUSTER_ENDPOINT, CLUSTER_USER, REGION
 *     const { rows } = await pool.query("SELECT 1");
 *
 * Promises
 * - Each new connection has a valid token; the certificate and the host name are verified (`verify-full`); TLS starts
 *   with the first byte, without the SSLRequest's round trip.
 * - No connection reaches the service's 60 minutes, and those opened together do not end together.
 * - New connections come at a pace the service accepts. A full or waking cluster is asked again until the connect
 *   timeout.
 * - On AWS Lambda an environment serves one invocation at a time and gets one connection.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/CHAP_quotas.html
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { administratorUser, limits } from "@dsql-local/spec";
import { type ClientBase, type ClientConfig, Pool, type PoolClient, type PoolConfig } from "pg";
import { type ClientSettings, clientClass } from "./client.ts";
import { ConnectError } from "./connect-error.ts";
import { type ClusterOptions, type Environment, resolveCluster, set } from "./endpoint.ts";
import { UsageError } from "./errors.ts";
import { quoteList } from "./identifiers.ts";
import { Pace, type PaceOptions, processPace } from "./pace.ts";
import {
  credentialChain,
  type CredentialProvider,
  type Credentials,
  processTokens,
  type TokenCache,
} from "./token.ts";

/**
 * For `createPool()`. Times are milliseconds; what is not given comes from the environment, then from {@link poolDefaults}.
 */
export interface DsqlPoolOptions extends ClusterOptions {
  /** `CLUSTER_USER` by default, then `admin`. */
  readonly user?: string | undefined;
  /** By default what the AWS SDK's chain finds. */
  readonly credentials?: Credentials | CredentialProvider | undefined;
  /** A profile of the AWS configuration files. */
  readonly profile?: string | undefined;
  /** Schemas, for roles that do not work in `public`. Checked when a connection opens. */
  readonly searchPath?: string | readonly string[] | undefined;
  /** Connections at most; 10 by default, on Lambda 1. */
  readonly max?: number | undefined;
  /** Connections kept open though idle; 2 by default, on Lambda 1. */
  readonly min?: number | undefined;
  /** After this a connection that nobody uses is closed, down to `min`; 600,000 by default. */
  readonly idleTimeoutMs?: number | undefined;
  /** At most this, at least four fifths of it, drawn for each connection; 3,300,000 (55 minutes) by default. */
  readonly lifetimeMs?: number | undefined;
  /** For opening a connection, and for waiting until one is free; 10,000 by default. */
  readonly connectTimeoutMs?: number | undefined;
  /** 900 by default. Its length decides nothing but how often one is signed. */
  readonly tokenLifetimeSeconds?: number | undefined;
  /** Of this pool alone, instead of the one the pools of the process keep together. */
  readonly pace?: PaceOptions | undefined;
  readonly tokens?: TokenCache | undefined;
  /** `direct` by default: TLS from the first byte. `postgres` asks with an SSLRequest first. */
  readonly tlsNegotiation?: "direct" | "postgres" | undefined;
  /** Certificates of the authorities to trust instead of Node's own, as PEM. `PGSSLROOTCERT` names a file of them. */
  readonly ca?: string | undefined;
  /** Where the socket goes if not to what DNS says: a local cluster. `PGHOSTADDR` and `PGPORT` by default. */
  readonly address?: { readonly host: string; readonly port: number } | undefined;
  readonly applicationName?: string | undefined;
  /** Told when a connection breaks while nobody uses it; the pool has replaced it already. */
  readonly onIdleError?: ((error: Error) => void) | undefined;
  /** Type parsers, as node-postgres takes them. */
  readonly types?: ClientConfig["types"];
  /** `process.env` by default. */
  readonly environment?: Environment | undefined;
}

/** Of `createPool()`. On Lambda `max` is 1, for an execution environment serves one invocation at a time. */
export const poolDefaults = {
  max: 10,
  min: 2,
  idleTimeoutMs: 600_000,
  lifetimeMs: 3_300_000,
  connectTimeoutMs: 10_000,
  port: 5432,
} as const;

/** A lifetime is drawn from this part of it up, so that connections opened together end apart. */
const lifetimeShareMin = 0.8;

/** The pool gives up on waiters a moment after the client has, so that the client's error, which says more, comes first. */
const poolGraceMs = 1_000;

/** @throws {UsageError} the options contradict each other or the service's limits */
export function createPool(options: DsqlPoolOptions = {}): Pool {
  const environment = options.environment ?? process.env;
  const settings = settingsOf(options, environment);
  const pool = new PatientPool(poolConfig(options, environment, settings), settings.connectTimeoutMs);
  drawLifetimes(pool, lifetimeMsOf(options));
  // An error event without a listener ends the process. One for the idle connections, which the pool speaks for; the broken
  // one is out of the pool by then. And one for those in use, whose statement rejects with the same error: node-postgres
  // leaves that to whoever has taken the client, and ORMs do not do it.
  pool.on("error", (error) => options.onIdleError?.(error));
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/**
 * Opens connections before they are needed.
 *
 * @param count - the pool's `max` if it is greater
 * @throws {ConnectError} the first that could not be opened
 */
export async function warmUp(pool: Pool, count: number): Promise<void> {
  const opening = Array.from({ length: Math.min(count, pool.options.max) }, () => pool.connect());
  const opened = await Promise.allSettled(opening);
  let failure: unknown;
  for (const result of opened) {
    if (result.status === "fulfilled") result.value.release();
    else failure ??= result.reason;
  }
  if (failure !== undefined) throw failure as Error;
}

/** What a connection needs, for node-postgres and postgres.js alike. */
export function settingsOf(options: DsqlPoolOptions, environment: Environment): ClientSettings {
  const cluster = resolveCluster(options, environment);
  const user = options.user ?? set(environment["CLUSTER_USER"]) ?? administratorUser;
  const { credentials, profile } = options;
  const provider =
    typeof credentials === "function" ? credentials : async () => credentials ?? (await chain());
  const chain = credentialChain(profile);
  return {
    cluster,
    tokens: options.tokens ?? processTokens,
    tokenRequest: {
      host: cluster.signedHost,
      region: cluster.region,
      user,
      credentials: provider,
      lifetimeSeconds: options.tokenLifetimeSeconds,
    },
    pace: options.pace === undefined ? processPace : new Pace(options.pace),
    connectTimeoutMs: options.connectTimeoutMs ?? poolDefaults.connectTimeoutMs,
  };
}

/** Where the socket goes and how the server is verified. @throws {UsageError} the environment names no port, or no file */
export function transportOf(
  options: DsqlPoolOptions,
  environment: Environment,
  host: string,
): { host: string; port: number; ssl: { servername: string; rejectUnauthorized: true; ca?: string } } {
  const address = options.address ?? {
    host: set(environment["PGHOSTADDR"]) ?? host,
    port: portOf(set(environment["PGPORT"])),
  };
  const ca = options.ca ?? authoritiesIn(set(environment["PGSSLROOTCERT"]));
  const ssl = { servername: host, rejectUnauthorized: true, ...(ca !== undefined && { ca }) } as const;
  return { ...address, ssl };
}

function portOf(text: string | undefined): number {
  const port = text === undefined ? poolDefaults.port : Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UsageError(`PGPORT is no port: ${text}`);
}

/** `system` is libpq's word for the authorities that are trusted anyway. */
function authoritiesIn(file: string | undefined): string | undefined {
  if (file === undefined || file === "system") return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`PGSSLROOTCERT names a file that cannot be read: ${file}`, { cause });
  }
}

export function lifetimeMsOf(options: DsqlPoolOptions): number {
  const lifetimeMs = options.lifetimeMs ?? poolDefaults.lifetimeMs;
  const mostMs = limits.connectionSecondsMax.value * 1_000;
  if (!(lifetimeMs > 0 && lifetimeMs < mostMs)) {
    throw new UsageError(`the service ends a connection after ${mostMs} ms: lifetimeMs must be less`);
  }
  return lifetimeMs;
}

/** An execution environment of Lambda serves one invocation at a time. */
export function sizeOf(options: DsqlPoolOptions, environment: Environment): { max: number; min: number } {
  const isLambda = set(environment["AWS_LAMBDA_FUNCTION_NAME"]) !== undefined;
  const max = options.max ?? (isLambda ? 1 : poolDefaults.max);
  return { max, min: Math.min(options.min ?? poolDefaults.min, max) };
}

function poolConfig(
  options: DsqlPoolOptions,
  environment: Environment,
  settings: ClientSettings,
): PoolConfig {
  const searchPath = searchPathOf(options);
  return {
    ...transportOf(options, environment, settings.cluster.host),
    ...sizeOf(options, environment),
    user: settings.tokenRequest.user,
    database: "postgres",
    sslnegotiation: options.tlsNegotiation ?? "direct",
    idleTimeoutMillis: options.idleTimeoutMs ?? poolDefaults.idleTimeoutMs,
    connectionTimeoutMillis: settings.connectTimeoutMs + poolGraceMs,
    Client: clientClass(settings),
    ...(options.applicationName !== undefined && { application_name: options.applicationName }),
    ...(options.types !== undefined && { types: options.types }),
    ...(searchPath.length > 0 && { onConnect: searchPathSetter(searchPath, settings.tokenRequest.user) }),
  };
}

export function searchPathOf({ searchPath }: DsqlPoolOptions): readonly string[] {
  return typeof searchPath === "string" ? [searchPath] : (searchPath ?? []);
}

/** The pool waits for the promise, though its types know of none. */
function searchPathSetter(searchPath: readonly string[], user: string): (client: ClientBase) => void {
  const onConnect = (client: ClientBase): unknown => setSearchPath(client, searchPath, user);
  return onConnect;
}

/** One round trip: PostgreSQL accepts any search path, and only the schema in force tells whether one of it can be used. */
async function setSearchPath(client: ClientBase, searchPath: readonly string[], user: string): Promise<void> {
  const results: unknown = await client.query(
    `SET search_path = ${quoteList(searchPath)}; SELECT current_schema()`,
  );
  const [, schema] = results as { rows: { current_schema: string | null }[] }[];
  if (schema?.rows[0]?.current_schema === null) throw schemaUnusable(searchPath, user);
}

function schemaUnusable(searchPath: readonly string[], user: string): ConnectError {
  return new ConnectError({
    step: "privilege",
    reason: `"${user}" can use none of the schemas ${quoteList(searchPath)}`,
    hint: `Create the schema, then GRANT USAGE ON SCHEMA ${quoteList(searchPath.slice(0, 1))} TO "${user}".`,
    code: "42501",
  });
}

/** pg-pool reads the option once for each connection it opens, so that each may be given a lifetime of its own. */
function drawLifetimes(pool: Pool, lifetimeMs: number): void {
  Object.defineProperty(pool.options, "maxLifetimeSeconds", {
    get: () => (lifetimeMs / 1_000) * (lifetimeShareMin + Math.random() * (1 - lifetimeShareMin)),
  });
}

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** Pause before a full or waking cluster is asked again. */
const askAgainMs = 250;

/** Asks again, until the connect timeout, when the cluster says that it cannot take a connection at this moment. */
class PatientPool extends Pool {
  readonly #connectTimeoutMs: number;

  constructor(config: PoolConfig, connectTimeoutMs: number) {
    super(config);
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    const connecting = this.#connect();
    if (callback === undefined) return connecting;
    connecting.then(
      (client) => {
        callback(undefined, client, (release) => {
          client.release(release as Error | boolean);
        });
      },
      (error: unknown) => {
        callback(error as Error, undefined, () => undefined);
      },
    );
  }

  async #connect(): Promise<PoolClient> {
    const untilMs = performance.now() + this.#connectTimeoutMs;
    for (;;) {
      try {
        return await super.connect();
      } catch (error) {
        const isTransient = error instanceof ConnectError && error.isTransient;
        if (!isTransient || this.ending || performance.now() + askAgainMs >= untilMs) throw error;
      }
      // Half to one and a half, so that a fleet that was refused together does not come back together.
      await sleep(askAgainMs * (0.5 + Math.random()));
    }
  }
}
