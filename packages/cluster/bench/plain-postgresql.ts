/**
 * A PostgreSQL as anybody would run it, of the cluster's own binaries and with its settings, so that what differs is what stands
 * in front: reachable by TLS over TCP, and by a Unix socket for what is measured in between.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chown, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import path from "node:path";
import pg from "pg";
import { databaseUser } from "../src/storage/programs/database-user.ts";
import { installBinaries } from "../src/storage/programs/install.ts";
import { programEnvironment, runProgram } from "../src/storage/programs/run-program.ts";
import { postgresqlConf } from "../src/storage/settings.ts";

export interface PlainPostgresql {
  readonly socketDir: string;
  readonly port: number;
  readonly user: string;
  stop(): Promise<void>;
}

export interface PlainPostgresqlOptions {
  /** An empty folder that every user may pass through. */
  readonly folder: string;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly connectionsMax: number;
  readonly fsync: boolean;
}

const user = "bench";
const startMsMax = 30_000;

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

export async function startPlainPostgresql(options: PlainPostgresqlOptions): Promise<PlainPostgresql> {
  const { folder, connectionsMax, fsync } = options;
  const data = path.join(folder, "data");
  const owner = await databaseUser(data);
  const binaries = await installBinaries(owner);
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
  const run = { user: owner, cwd: folder };
  const made = await runProgram(
    binaries.initdb,
    ["-D", data, "-U", user, "-E", "UTF8", "--no-locale", "--auth=trust", "--no-sync"],
    run,
  );
  if (made.code !== 0) throw new Error(`initdb failed: ${made.log.join("\n")}`);
  const port = await freePort();
  const socketDir = path.join(folder, "socket");
  await mkdir(socketDir, { mode: 0o755 });
  const files: Readonly<Record<string, string>> = {
    "postgresql.conf": `${postgresqlConf({ fsync, connectionsMax, listen: { socketDir } })}
listen_addresses = '127.0.0.1'
port = ${port}
ssl = on
unix_socket_permissions = '0777'
`,
    "pg_hba.conf": "local all all trust\nhostssl all all 127.0.0.1/32 trust\n",
    "server.crt": options.certificate,
    "server.key": options.key,
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(path.join(data, name), content, { mode: 0o600 });
    if (owner !== undefined) await chown(path.join(data, name), owner.uid, owner.gid);
  }
  if (owner !== undefined) await chown(socketDir, owner.uid, owner.gid);
  const child = spawn(binaries.postgres, ["-D", data], {
    cwd: folder,
    env: programEnvironment(),
    stdio: "ignore",
    ...(owner && { uid: owner.uid, gid: owner.gid }),
  });
  const ended = once(child, "exit");
  await reachable({ host: socketDir, port }, child);
  return {
    socketDir,
    port,
    user,
    stop: async () => {
      child.kill("SIGINT");
      await ended;
    },
  };
}

async function reachable(
  address: { host: string; port: number },
  child: { readonly exitCode: number | null },
): Promise<void> {
  const until = performance.now() + startMsMax;
  for (;;) {
    const client = new pg.Client({ ...address, user, database: "postgres" });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (performance.now() > until || child.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Processor time of a process that is not Node's, in microseconds. Linux only. */
export async function processorUs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks * 10_000;
}

export const uniqueName = (): string => randomBytes(6).toString("hex");
