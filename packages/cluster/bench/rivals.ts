/**
 * What the cluster's front end is measured against, each before the same plain PostgreSQL: PostgreSQL itself over TLS, a
 * pass-through in Node, which is what Node must cost, and pgbouncer in transaction mode, which is what C costs.
 */
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Certificates, Cluster } from "../src/index.ts";
import { databaseUser } from "../src/storage/programs/database-user.ts";
import type { PassThroughOrder } from "./pass-through.ts";
import { freePort, type PlainPostgresql, processorUs } from "./plain-postgresql.ts";
import type { BenchTarget } from "./wire-client.ts";

export interface Rival {
  readonly name: string;
  readonly target: () => BenchTarget;
  /** Processor time that its front end has used so far, in microseconds; undefined where it has none. */
  readonly frontEndUs: (() => Promise<number>) | undefined;
  stop(): Promise<void>;
}

export interface RivalOptions {
  readonly folder: string;
  readonly certificates: Certificates;
  readonly postgresql: PlainPostgresql;
  readonly connectionsMax: number;
}

const nothing = async (): Promise<void> => undefined;

export function clusterItself(cluster: Cluster, { ca }: Certificates): Rival {
  return {
    name: "the cluster",
    target: () => ({
      host: cluster.host,
      port: cluster.port,
      tls: { ca, servername: cluster.endpoint },
      user: "admin",
      password: cluster.token({ user: "admin" }),
    }),
    // The cluster is the only work of this process.
    frontEndUs: async () => total(process.cpuUsage()),
    stop: nothing,
  };
}

export function postgresqlOverTls({ certificates, postgresql }: RivalOptions): Rival {
  return {
    name: "PostgreSQL over TLS",
    target: () => local(certificates, postgresql, postgresql.port),
    frontEndUs: undefined,
    stop: nothing,
  };
}

export async function passThrough({ certificates, postgresql }: RivalOptions): Promise<Rival> {
  const child = fork(fileURLToPath(new URL("./pass-through.js", import.meta.url)));
  const { certificate, key } = certificates;
  const socket = path.join(postgresql.socketDir, `.s.PGSQL.${postgresql.port}`);
  child.send({ certificate, key, path: socket } satisfies PassThroughOrder);
  const { address } = (await answerOf(child)) as { address: AddressInfo };
  return {
    name: "pass-through in Node",
    target: () => local(certificates, postgresql, address.port),
    frontEndUs: async () => {
      child.send("cpu");
      return total(((await answerOf(child)) as { cpu: NodeJS.CpuUsage }).cpu);
    },
    stop: async () => {
      child.kill();
      await once(child, "exit");
    },
  };
}

/** @returns undefined where it is not installed */
export async function pgbouncer(options: RivalOptions): Promise<Rival | undefined> {
  const { certificates, postgresql, connectionsMax } = options;
  if (spawnSync("pgbouncer", ["--version"]).error !== undefined) return undefined;
  const folder = path.join(options.folder, "pgbouncer");
  await mkdir(folder);
  const port = await freePort();
  const owner = await databaseUser(folder);
  const file = (name: string): string => path.join(folder, name);
  const files: Readonly<Record<string, string>> = {
    "server.crt": certificates.certificate,
    "server.key": certificates.key,
    "pgbouncer.ini": `[databases]
postgres = host=${postgresql.socketDir} port=${postgresql.port} user=${postgresql.user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 32
max_client_conn = ${connectionsMax + 100}
client_tls_sslmode = require
client_tls_cert_file = ${file("server.crt")}
client_tls_key_file = ${file("server.key")}
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
log_stats = 0
`,
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(file(name), content, { mode: 0o600 });
    if (owner !== undefined) await chown(file(name), owner.uid, owner.gid);
  }
  const child = spawn("pgbouncer", ["-q", file("pgbouncer.ini")], {
    stdio: "ignore",
    ...(owner && { uid: owner.uid, gid: owner.gid }),
  });
  await once(child, "spawn");
  return {
    name: "pgbouncer",
    target: () => local(certificates, postgresql, port),
    frontEndUs: () => processorUs(child.pid ?? 0),
    stop: async () => {
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

function local({ ca }: Certificates, { user }: PlainPostgresql, port: number): BenchTarget {
  return { host: "127.0.0.1", port, tls: { ca, servername: "bench.dsql.us-east-1.on.aws" }, user };
}

const total = ({ user, system }: NodeJS.CpuUsage): number => user + system;

async function answerOf(child: ChildProcess): Promise<unknown> {
  const [message] = (await once(child, "message")) as [unknown];
  return message;
}
