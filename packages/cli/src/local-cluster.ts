import path from "node:path";
import type { Cloud } from "@dsql-local/cloud";
import { createCluster, removeDataDir, type Cluster, type ClusterOptions } from "@dsql-local/cluster";
import { InitialData } from "./initial-data.ts";
import type { ServiceOptions } from "./service-options.ts";
import { makeTemporaryDir, type TemporaryDir } from "./temporary-dir.ts";
import { factsOf, type Platform, platformVariables, stackEnvironment } from "./stack/index.ts";

/** `rules`, `limits` and `oc001` choose which Aurora DSQL it is; the latest, with the service's own limits, unless given. */
export interface StartClusterOptions extends ServiceOptions {
  /** The AWS Region the cluster stands for; `us-east-1` unless given. */
  readonly region?: string;
  /** Start the local AWS endpoint as well: STS, S3, CloudFormation, Lambda and the DSQL control plane. */
  readonly cloud?: boolean;
  /**
   * Copy the new cluster's data from the image in the user's cache folder (`~/.cache/dsql-local`, or below
   * XDG_CACHE_HOME), and keep the first there: true unless given. It makes a start four times as fast.
   */
  readonly cache?: boolean;
  /**
   * A folder of migrations, as `dsql migrate up` takes it, that are applied before the cluster is handed over. Data with migrations or a
   * seed are kept as an image in the cache folder, and copied from there while nothing that they are made of is another.
   */
  readonly migrations?: string;
  /**
   * Fills the database after the migrations: a file of SQL, whose statements run as `admin` one by one, or a function. An image is known
   * by the function's own text; what else it depends on is named by `seedKey`.
   */
  readonly seed?: string | Seed;
  /** Says which seed it is, where its text does not: another key makes the data anew. */
  readonly seedKey?: string;
  /** Hears what happens inside, one event at a time. */
  readonly log?: NonNullable<ClusterOptions["log"]>;
}

/** Fills the database of a cluster that has just started. What it opens, it ends. */
export type Seed = (cluster: LocalCluster) => Promise<void>;

/** How the toolkit reaches the cluster, whatever the environment says of others. */
export interface PoolOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly user: string;
  readonly address: { readonly host: string; readonly port: number };
  /** PEM. */
  readonly ca: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly environment: Readonly<Record<string, never>>;
}

/** A running cluster: how to connect to it, and how to stop it. */
export interface LocalCluster extends AsyncDisposable {
  /** `<26 characters>.dsql.<region>.on.aws` */
  readonly endpoint: string;
  readonly arn: string;
  readonly region: string;
  /** 12 digits. */
  readonly account: string;
  /**
   * Whose key signs the tokens. A role other than `admin` lets it in after
   * `AWS IAM GRANT <role> TO '<principalArn>'`.
   */
  readonly principalArn: string;
  /** Where the endpoint's name leads on this machine. */
  readonly host: string;
  readonly port: number;
  /** The certificate authority to trust, as a PEM file. */
  readonly caFile: string;
  /** `http://127.0.0.1:<port>` with `cloud: true`. */
  readonly awsEndpoint: string | undefined;
  /** What `pg.Pool` and `pg.Client` take; as `admin` unless told otherwise. Each connection gets a token of its own. */
  connection(options?: { user?: string }): ReturnType<Cluster["connection"]>;
  /** What `createPool()` of dsql-toolkit takes; as `admin` unless told otherwise. */
  poolOptions(options?: { user?: string }): PoolOptions;
  /** A token for one role: the password where a function is not taken. It lives 900 s unless told otherwise. */
  token(options?: { user?: string; expiresInSeconds?: number }): string;
  /**
   * Keeps the data as they are now: rows, schema, roles, grants, jobs. Connections that are idle notice nothing; it waits a
   * moment for open transactions, and fails while some stay open.
   */
  snapshot(): Promise<Snapshot>;
  /**
   * Makes the data what they were, whatever was done since. Idle connections stay, open transactions end as by a lost
   * connection, nobody hears OC001 for it. It takes as long as what has changed.
   */
  restore(snapshot: Snapshot): Promise<void>;
  /** Makes the data those of a new cluster, with what `migrations` and `seed` have made. */
  reset(): Promise<void>;
  /** Starts another cluster on a copy of the data, with ports and keys of its own. */
  fork(): Promise<LocalCluster>;
  /**
   * Runs SQL as `admin` **past every rule and limit of the service**, in one transaction unless it holds its own: for the set-up
   * of tests only, since the service would refuse it.
   */
  asOwner(sql: string): Promise<void>;
  /**
   * What `dsql env` sets, for child processes. Needs `cloud: true`.
   *
   * @param options.for - with what programs on that platform need as well, as `dsql env --for` has it
   */
  environment(options?: { readonly for?: Platform }): Promise<Record<string, string>>;
  /** What happens, as it happens: by name, all of it, or as a loop with `for await`. */
  readonly events: Cluster["events"];
  /** Makes happen, on demand, what an application must survive: conflicts, lost connections, slow answers. */
  readonly faults: Cluster["faults"];
  /** The last transactions that have lost (40001), oldest first: on which row, to whom, with what. */
  conflicts(): ReturnType<Cluster["conflicts"]>;
  /** Ends every connection and removes everything. A second call waits for the first. */
  stop(): Promise<void>;
}

/** A state of a cluster's data, good for `restore()` of the same cluster. */
export interface Snapshot {
  readonly name: string;
}

/**
 * Starts a cluster on a temporary data directory and free ports.
 *
 * @throws {MigrationError} a migration cannot be read, planned or applied
 * @throws {InitialDataError} the seed cannot be read, or fails
 */
export async function startCluster(options: StartClusterOptions = {}): Promise<LocalCluster> {
  const initialData = InitialData.of(options);
  return startOn(options, { initialData });
}

interface Beginning {
  /** A folder with the data of another cluster. */
  readonly copyOf?: string;
  readonly initialData?: InitialData<LocalCluster> | undefined;
}

async function startOn(
  options: StartClusterOptions,
  { copyOf, initialData }: Beginning,
): Promise<LocalCluster> {
  const home = await makeTemporaryDir();
  const cluster = createCluster({
    dataDir: path.join(home.path, "data"),
    host: "127.0.0.1",
    port: 0,
    ...(options.region !== undefined && { region: options.region }),
    cache: options.cache,
    copyOf,
    image: initialData?.key,
    rules: options.rules,
    limits: options.limits,
    oc001: options.oc001,
    explainConflicts: options.explainConflicts,
    latency: options.latency,
    ...(options.log && { log: options.log }),
  });
  let cloud: Cloud | undefined;
  try {
    await cluster.start();
    if (options.cloud === true) cloud = await startCloud(cluster, options);
  } catch (error) {
    await stopAll(home, cluster, cloud);
    throw error;
  }
  const local = localCluster({ home, cluster, cloud, options, initialData });
  try {
    if (copyOf === undefined) await initialData?.make(local, cluster.data);
  } catch (error) {
    await local.stop();
    throw error;
  }
  return local;
}

async function startCloud(cluster: Cluster, options: StartClusterOptions): Promise<Cloud> {
  const { createCloud } = await import("@dsql-local/cloud"); // The SDK takes longer to load than a cluster to start.
  const cloud = createCloud({
    cluster,
    port: 0,
    dataDir: path.join(cluster.dataDir, "cloud"),
    region: cluster.region,
    log: options.log ?? silent,
    observed: cluster,
  });
  await cloud.start();
  return cloud;
}

interface Parts {
  readonly home: TemporaryDir;
  readonly cluster: Cluster;
  readonly cloud: Cloud | undefined;
  readonly options: StartClusterOptions;
  readonly initialData: InitialData<LocalCluster> | undefined;
}

let snapshotsMade = 0;

async function takeSnapshot({ data }: Cluster): Promise<Snapshot> {
  const name = `snapshot-${++snapshotsMade}`;
  await data.snapshot(name);
  return { name };
}

async function fork({ cluster, options, initialData }: Parts): Promise<LocalCluster> {
  const { name } = await takeSnapshot(cluster);
  try {
    const copyOf = await cluster.data.folder(name);
    return await startOn({ ...options, region: cluster.region }, { copyOf, initialData });
  } finally {
    await cluster.data.delete(name);
  }
}

function localCluster(parts: Parts): LocalCluster {
  const { home, cluster, cloud, initialData } = parts;
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= stopAll(home, cluster, cloud));
  const local: LocalCluster = {
    endpoint: cluster.endpoint,
    arn: cluster.arn,
    region: cluster.region,
    account: cluster.account,
    principalArn: cluster.identities.administrator.principalArn,
    host: cluster.host,
    port: cluster.port,
    caFile: cluster.caFile,
    awsEndpoint: cloud?.endpoint,
    connection: (options) => cluster.connection(options),
    poolOptions: (options) => poolOptionsOf(cluster, options?.user),
    token: (options) => cluster.token(options),
    snapshot: () => takeSnapshot(cluster),
    restore: ({ name }) => cluster.data.restore(name),
    async reset() {
      await cluster.data.reset();
      await initialData?.make(local, cluster.data);
    },
    fork: () => fork(parts),
    asOwner: (sql) => cluster.data.asOwner(sql),
    async environment(options = {}) {
      if (!cloud) throw new Error("environment() needs startCluster({ cloud: true })");
      const facts = factsOf(cluster, cloud);
      const more = options.for === undefined ? {} : await platformVariables(options.for, facts);
      return { ...(await stackEnvironment(facts)), ...more };
    },
    events: cluster.events,
    faults: cluster.faults,
    conflicts: () => cluster.conflicts(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return local;
}

function poolOptionsOf(cluster: Cluster, user = "admin"): PoolOptions {
  const { accessKeyId, secretAccessKey } = cluster.identities.administrator;
  return {
    endpoint: cluster.endpoint,
    region: cluster.region,
    user,
    address: { host: cluster.host, port: cluster.port },
    ca: cluster.connection().ssl.ca,
    credentials: { accessKeyId, secretAccessKey },
    environment: {},
  };
}

/** Nobody will read the data again, so PostgreSQL need not write a last checkpoint. */
async function stopAll(home: TemporaryDir, cluster: Cluster, cloud: Cloud | undefined): Promise<void> {
  try {
    await cloud?.stop();
  } finally {
    try {
      await cluster.stop({ immediate: true });
    } finally {
      // PostgreSQL's files may lie elsewhere, where its user can reach them; the storage knows.
      await removeDataDir(path.join(home.path, "data"));
      await home.remove();
    }
  }
}

function silent(): void {
  // Nobody listens.
}
