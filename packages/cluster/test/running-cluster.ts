/** What the part tests of the cluster share: one running cluster per file, drivers and raw connections to it. */
import { randomBytes } from "node:crypto";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as connectTls, type TLSSocket } from "node:tls";
import pg from "pg";
import { type Cluster, type ClusterOptions, createCluster } from "../src/index.ts";
import { systemRole } from "../src/storage/system-schema/index.ts";
import { removeDataDir } from "../src/storage/index.ts";
import { decodeErrorFields, encodeFrontend, FrameSplitter } from "../src/wire/index.ts";
import { query, queryAsSuperuser } from "./storage-helper.ts";

export interface Message {
  /** The type byte as a letter. */
  readonly type: string;
  readonly frame: Buffer;
}

/** Sends what it is told to and hands out the answers one by one. */
export class RawClient {
  readonly socket: TLSSocket;
  readonly #messages: Message[] = [];
  #wake: () => void = () => undefined;
  #isClosed = false;
  key = { processId: 0, secretKey: 0 };
  /** What the server said when the session began. */
  greeting: readonly Message[] = [];

  constructor(socket: TLSSocket) {
    this.socket = socket;
    const splitter = new FrameSplitter(1 << 30);
    socket.on("data", (chunk: Buffer) => {
      splitter.push(chunk, (type, frame) => this.#messages.push({ type: String.fromCharCode(type), frame }));
      this.#wake();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** @throws when the server closes or says nothing for half a minute */
  async next(): Promise<Message> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#isClosed) throw new Error("the server closed the connection");
      if (Date.now() > deadline) throw new Error("the server does not answer");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The messages up to the first of this type, with it. */
  async until(type: string): Promise<Message[]> {
    const messages: Message[] = [];
    for (;;) {
      const message = await this.next();
      messages.push(message);
      if (message.type === type) return messages;
    }
  }

  /** The answer up to ReadyForQuery, as a string of type letters with the SQLSTATE of errors: `1 2 E42703 Z`. */
  async shape(): Promise<string> {
    const messages = await this.until("Z");
    return messages.map(({ type, frame }) => (type === "E" ? `E${sqlstateOf(frame)}` : type)).join(" ");
  }

  async query(text: string): Promise<Message[]> {
    this.send(encodeFrontend.query(text));
    return await this.until("Z");
  }

  async closed(): Promise<void> {
    await within("the connection closes", async () => {
      while (!this.#isClosed) await sleep(10);
    });
  }
}

export function sqlstateOf(frame: Buffer): string {
  return decodeErrorFields(frame).get("C") ?? "";
}

/** The first value of each row, as text. */
export function firstValues(messages: readonly Message[]): string[] {
  return messages
    .filter(({ type }) => type === "D")
    .map(({ frame }) => frame.toString("utf8", 11, 11 + frame.readInt32BE(7)));
}

export function copyData(text: string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.from([0x64, 0, 0, 0, 0]);
  header.writeInt32BE(4 + bytes.length, 1);
  return Buffer.concat([header, bytes]);
}

export const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);

export interface RunningCluster {
  readonly cluster: Cluster;
  /** A connected driver; closed with the cluster. */
  connect(options?: pg.ClientConfig): Promise<pg.Client>;
  raw(parameters?: Readonly<Record<string, string>>): Promise<RawClient>;
  /** Statements to the embedded PostgreSQL itself, as its superuser. @returns the rows of the last */
  storage(...statements: string[]): Promise<unknown[]>;
  /** Backends that PostgreSQL runs for clients now, apart from the cluster's own. */
  backends(role?: string): Promise<{ pid: number; state: string }[]>;
  stop(): Promise<void>;
}

export function newDataDir(): string {
  return join(tmpdir(), `cluster-test-${randomBytes(6).toString("hex")}`);
}

export async function runCluster(options: Partial<ClusterOptions> = {}): Promise<RunningCluster> {
  const dataDir = options.dataDir ?? newDataDir();
  const cluster = createCluster({ connectionRate: "unlimited", ...options, dataDir });
  await cluster.start();
  const opened: { end(): unknown }[] = [];
  return {
    cluster,
    async connect(more = {}) {
      const client = new pg.Client({
        ...cluster.connection(more.user === undefined ? {} : { user: more.user }),
        ...more,
      });
      client.on("error", () => undefined);
      await client.connect();
      opened.push({ end: () => client.end().catch(() => undefined) });
      return client;
    },
    async raw(parameters = {}) {
      const client = await openRaw(cluster, parameters);
      opened.push({ end: () => client.socket.destroy() });
      return client;
    },
    storage: (...statements) => queryAsSuperuser(cluster.storageAddress, ...statements),
    backends: async (role = "admin") =>
      (await query(
        cluster.storageAddress,
        systemRole,
        `SELECT pid, state FROM pg_stat_activity WHERE usename = '${role}' AND backend_type = 'client backend'`,
      )) as { pid: number; state: string }[],
    async stop() {
      // A client whose statement still runs, since its test has failed, does not end before the cluster does.
      await Promise.race([
        Promise.all(opened.map((one) => one.end())),
        sleep(2_000, undefined, { ref: false }),
      ]);
      await cluster.stop();
      if (options.dataDir === undefined) await removeDataDir(dataDir);
    },
  };
}

async function openRaw(cluster: Cluster, parameters: Readonly<Record<string, string>>): Promise<RawClient> {
  const client = new RawClient(await openTls(cluster));
  const user = parameters["user"] ?? "admin";
  client.send(encodeFrontend.startup({ user, database: "postgres", ...parameters }));
  await client.until("R");
  client.send(encodeFrontend.password(cluster.token({ user })));
  const started = await client.until("Z");
  client.greeting = started;
  const key = started.find(({ type }) => type === "K")?.frame;
  if (key !== undefined) client.key = { processId: key.readInt32BE(5), secretKey: key.readInt32BE(9) };
  return client;
}

/** A connection in direct TLS, with nothing said yet. */
async function openTls(cluster: Cluster): Promise<TLSSocket> {
  const { ca, servername } = cluster.connection().ssl;
  const socket = connectTcp(cluster.port, cluster.host);
  socket.setNoDelay(true);
  const secure = connectTls({ socket, ca, servername, ALPNProtocols: ["postgresql"] });
  await new Promise<void>((resolve, reject) => {
    secure.once("secureConnect", resolve).once("error", reject);
  });
  return secure;
}

/** What a cancelling client does: one packet on a connection of its own, answered by its end. */
export async function cancelRequest(cluster: Cluster, key: RawClient["key"]): Promise<void> {
  const secure = await openTls(cluster);
  secure.on("error", () => undefined).resume();
  const closed = new Promise((resolve) => secure.once("close", resolve));
  secure.write(encodeFrontend.cancelRequest(key.processId, key.secretKey));
  await closed;
}

/** What cancels the client's statement, made again until it has answered: a request that overtakes it cancels nothing. */
export async function cancelled<Answer>(
  cluster: Cluster,
  client: RawClient,
  answer: Promise<Answer>,
): Promise<Answer> {
  let isAnswered = false;
  const settled = answer.finally(() => (isAnswered = true));
  for (; !isAnswered; await Promise.race([settled, sleep(500)])) await cancelRequest(cluster, client.key);
  return await settled;
}

/** Tells waiting for ever from a slow machine: what must not be waited for lasts longer than this, or until the test ends it. */
const withinMs = 120_000;

/** @throws when the work is not done in time: the bound on every wait of these tests */
export async function within<Result>(claim: string, work: () => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`within ${withinMs} ms this did not come true: ${claim}`));
    }, withinMs);
  });
  return await Promise.race([work(), late]).finally(() => {
    clearTimeout(timer);
  });
}
