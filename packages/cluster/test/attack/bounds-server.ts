/** The test's side of `bounds-child.ts`: starts it, connects to it, asks for its memory. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { ClusterOptions } from "../../src/index.ts";
import { encodeFrontend } from "../../src/wire/index.ts";
import { RawClient } from "../running-cluster.ts";

export type Ask = { readonly kind: "memory" } | { readonly kind: "stop" };

export interface Memory {
  /** What is in use after a garbage collection, on the heap and beside it. */
  readonly keptBytes: number;
  readonly residentBytes: number;
  /** The most that was ever resident. */
  readonly peakBytes: number;
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly ssl: { readonly ca: string; readonly servername: string };
  readonly token: string;
}

export type Answer = ({ readonly kind: "memory" } & Memory) | ({ readonly kind: "started" } & Address);

const childFile = fileURLToPath(new URL("bounds-child.js", import.meta.url));

export class BoundsServer {
  readonly #child: ChildProcess;
  readonly #address: Address;
  readonly #opened: { end(): unknown }[] = [];

  private constructor(child: ChildProcess, address: Address) {
    this.#child = child;
    this.#address = address;
  }

  /** @param heapBytesMax - where the process dies instead of taking more */
  static async start(options: Partial<ClusterOptions>, heapBytesMax: number): Promise<BoundsServer> {
    const execArgv = [`--max-old-space-size=${heapBytesMax / (1024 * 1024)}`];
    const child = fork(childFile, [], { execArgv, stdio: ["ignore", "inherit", "inherit", "ipc"] });
    child.send(options);
    const address = await answerOf(child, "started");
    return new BoundsServer(child, address);
  }

  async memory(): Promise<Memory> {
    this.#child.send({ kind: "memory" } satisfies Ask);
    return await answerOf(this.#child, "memory");
  }

  async connect(): Promise<pg.Client> {
    const { host, port, ssl, token } = this.#address;
    const client = new pg.Client({ host, port, ssl, user: "admin", database: "postgres", password: token });
    client.on("error", () => undefined);
    await client.connect();
    this.#opened.push({ end: () => client.end().catch(() => undefined) });
    return client;
  }

  /** A connection whose start-up packet has been sent, and nothing else. */
  async newcomer(): Promise<RawClient> {
    const { host, port, ssl } = this.#address;
    const socket = connectTcp(port, host);
    const secure = connectTls({ socket, ...ssl, ALPNProtocols: ["postgresql"] });
    await once(secure, "secureConnect");
    const raw = new RawClient(secure);
    raw.send(encodeFrontend.startup({ user: "admin", database: "postgres" }));
    this.#opened.push({ end: () => secure.destroy() });
    return raw;
  }

  /** A session that has begun. */
  async raw(): Promise<RawClient> {
    const raw = await this.newcomer();
    await raw.until("R");
    raw.send(encodeFrontend.password(this.#address.token));
    await raw.until("Z");
    return raw;
  }

  async stop(): Promise<void> {
    for (const one of this.#opened) void one.end();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    if (this.#child.connected) this.#child.send({ kind: "stop" } satisfies Ask);
    await ended;
  }
}

/** @throws the process has ended instead */
async function answerOf<Kind extends Answer["kind"]>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<Answer, { kind: Kind }>> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const [answer] = (await Promise.race([
    once(child, "message", { signal }),
    once(child, "exit", { signal }).then(([code, killedBy]) => {
      throw new Error(`the server has ended: ${String(code ?? killedBy)}`);
    }),
  ]).finally(() => {
    waiting.abort();
  })) as [Answer];
  if (answer.kind !== kind) throw new Error(`the server answered ${answer.kind}, not ${kind}`);
  return answer as Extract<Answer, { kind: Kind }>;
}
