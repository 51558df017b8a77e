/**
 * A client that costs as little as possible, so that what is measured is the server: statements are prepared once, each
 * run is one Bind, Execute, Sync, and of the answer only ReadyForQuery and the SQLSTATE of an error are looked at.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Duplex } from "node:stream";

/** Where to connect. It travels to the load process as JSON. */
export interface BenchTarget {
  readonly path?: string;
  readonly host?: string;
  readonly port?: number;
  readonly tls?: { readonly ca: string; readonly servername: string };
  readonly user: string;
  readonly password?: string;
}

const readyForQuery = 0x5a; // Z
const errorResponse = 0x45; // E
const authentication = 0x52; // R
const authenticationCleartextPassword = 3;
const headerBytes = 5;

const cString = (text: string): Buffer => Buffer.from(`${text}\0`);

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function frame(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

const sync = frame("S");

export class BenchConnection {
  readonly #stream: Duplex;
  #unread: Buffer = Buffer.alloc(0);
  #sqlstate: string | undefined;
  #settle: { resolve(sqlstate: string | undefined): void; reject(error: Error): void } | undefined;
  #password: string;

  private constructor(stream: Duplex, password: string) {
    this.#stream = stream;
    this.#password = password;
    stream.on("data", (chunk: Buffer) => {
      this.#take(chunk);
    });
    const fail = (error?: Error): void => {
      this.#settle?.reject(error ?? new Error("the server closed the connection"));
    };
    stream.on("error", fail).on("close", () => {
      fail();
    });
  }

  static async open(target: BenchTarget, statements: ReadonlyMap<string, string>): Promise<BenchConnection> {
    const connection = new BenchConnection(await openStream(target), target.password ?? "");
    const startup = Buffer.concat([
      int32(196_608),
      cString("user"),
      cString(target.user),
      cString("database"),
      cString("postgres"),
      Buffer.from([0]),
    ]);
    await connection.#ask(Buffer.concat([int32(startup.length + 4), startup]));
    const parses = [...statements].map(([name, sql]) =>
      frame("P", cString(name), cString(sql), Buffer.from([0, 0])),
    );
    const refused = await connection.#ask(Buffer.concat([...parses, sync]));
    if (refused !== undefined) throw new Error(`a statement cannot be prepared: ${refused}`);
    return connection;
  }

  /** @returns the SQLSTATE of an error */
  run(statement: string, values: readonly string[] = []): Promise<string | undefined> {
    const encoded = values.flatMap((value) => [int32(Buffer.byteLength(value)), Buffer.from(value)]);
    const bind = frame(
      "B",
      cString(""),
      cString(statement),
      Buffer.from([0, 0, 0, values.length]),
      ...encoded,
      Buffer.from([0, 0]),
    );
    return this.#ask(Buffer.concat([bind, frame("E", cString(""), int32(0)), sync]));
  }

  close(): void {
    this.#stream.destroy();
  }

  #ask(bytes: Buffer): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#stream.write(bytes);
    });
  }

  #take(chunk: Buffer): void {
    const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    let at = 0;
    while (bytes.length - at >= headerBytes) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (bytes.length < end) break;
      this.#message(bytes[at] ?? 0, bytes.subarray(at + headerBytes, end));
      at = end;
    }
    this.#unread = bytes.subarray(at);
  }

  #message(type: number, body: Buffer): void {
    if (type === errorResponse) {
      this.#sqlstate =
        /\0C(?<sqlstate>.{5})\0/.exec(`\0${body.toString("latin1")}`)?.groups?.["sqlstate"] ?? "?????";
    } else if (type === authentication && body.readInt32BE(0) === authenticationCleartextPassword) {
      this.#stream.write(frame("p", cString(this.#password)));
    } else if (type === readyForQuery) {
      const settle = this.#settle;
      const sqlstate = this.#sqlstate;
      this.#settle = undefined;
      this.#sqlstate = undefined;
      settle?.resolve(sqlstate);
    }
  }
}

async function openStream({ path, host, port, tls }: BenchTarget): Promise<Duplex> {
  const socket = path === undefined ? connectTcp(port ?? 5432, host ?? "127.0.0.1") : connectTcp(path);
  socket.setNoDelay(true);
  await once(socket, "connect");
  if (tls === undefined) return socket;
  socket.write(Buffer.concat([int32(8), int32(80_877_103)]));
  const answer = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
  if (answer.toString("latin1") !== "S") throw new Error("the server declines TLS");
  socket.removeAllListeners("data").pause();
  const secured = connectTls({ socket, ca: tls.ca, servername: tls.servername });
  await once(secured, "secureConnect");
  return secured;
}

function once(stream: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once("error", reject).once(event, () => {
      stream.off("error", reject);
      resolve();
    });
  });
}
