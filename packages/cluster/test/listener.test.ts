import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from "node:tls";
import { promisify } from "node:util";

import pg from "pg";

import { SqlError } from "../src/base/index.ts";
import {
  type ArrivedConnection,
  type Certificates,
  type ListenedCluster,
  type Listener,
  type ListenerOptions,
  type SessionHandle,
  createListener,
  openCertificates,
} from "../src/listener/index.ts";
import { decodeErrorFields, encodeBackend } from "../src/wire/index.ts";
import { eventually } from "./storage-helper.ts";

const cluster = { id: "abcdefghijklmnopqrstuvwxyz", region: "us-east-1" };
const host = `${cluster.id}.dsql.us-east-1.on.aws`;
const sslRequest = Buffer.from("0000000804d2162f", "hex");
const gssRequest = Buffer.from("0000000804d21630", "hex");

/** Finds the one cluster, under its id and in its Region. */
function findOnly(found: ListenedCluster): ListenerOptions["find"] {
  return (name) => {
    if (name === "default") return undefined;
    const { id, region } = name;
    return id === cluster.id && (region === undefined || region === cluster.region) ? found : undefined;
  };
}

interface Fixture {
  readonly listener: Listener;
  readonly certificates: Certificates;
  readonly arrived: ArrivedConnection[];
  readonly cancelled: number[];
}

/** A listener whose sessions say that they are ready and answer every later message with an empty result. */
async function started(t: TestContext, options: Partial<ListenerOptions> = {}): Promise<Fixture> {
  const folder = mkdtempSync(join(tmpdir(), "dsql-listener-"));
  const certificates = openCertificates({ folder, region: cluster.region, nowMs: Date.now() });
  const arrived: ArrivedConnection[] = [];
  const cancelled: number[] = [];
  const listener = await createListener({
    host: "127.0.0.1",
    port: 0,
    certificates,
    find: findOnly({
      opening: undefined,
      onSession: (connection) => {
        arrived.push(connection);
        const { socket, cancelKey } = connection;
        const refusal = refusalOf(connection);
        if (refusal !== undefined) return refusal;
        socket.write(encodeBackend.authenticationOk());
        socket.write(encodeBackend.backendKeyData(cancelKey.processId, cancelKey.secretKey));
        socket.write(encodeBackend.readyForQuery("I".charCodeAt(0)));
        socket.on("data", (chunk: Buffer) => {
          if (chunk[0] === "X".charCodeAt(0)) socket.end();
          else
            socket.write(
              Buffer.concat([
                encodeBackend.commandComplete("SELECT 0"),
                encodeBackend.readyForQuery("I".charCodeAt(0)),
              ]),
            );
        });
        const closed = new Promise<void>((resolve) =>
          socket.once("close", () => {
            resolve();
          }),
        );
        return { cancel: () => cancelled.push(cancelKey.processId), closed };
      },
    }),
    connectionRate: "unlimited",
    closeGraceMs: 200,
    ...options,
  });
  t.after(async () => {
    await listener.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { listener, certificates, arrived, cancelled };
}

function startupPacket(
  parameters: Record<string, string> = { user: "admin", database: "postgres" },
  version = 196_608,
): Buffer {
  const body = Buffer.from(
    `${Object.entries(parameters)
      .map(([name, value]) => `${name}\0${value}\0`)
      .join("")}\0`,
  );
  return packet(version, body);
}

function packet(code: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length, 0);
  head.writeUInt32BE(code, 4);
  return Buffer.concat([head, body]);
}

function cancelPacket(key: { processId: number; secretKey: number }): Buffer {
  const body = Buffer.alloc(8);
  body.writeInt32BE(key.processId, 0);
  body.writeInt32BE(key.secretKey, 4);
  return packet(80_877_102, body);
}

async function plain(t: TestContext, { listener }: Fixture): Promise<Socket> {
  const socket = connect(listener.port, "127.0.0.1");
  t.after(() => socket.destroy());
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

function tlsOptions(fixture: Fixture, more: ConnectionOptions = {}): ConnectionOptions {
  return { ca: fixture.certificates.ca, servername: host, ...more };
}

async function secured(t: TestContext, socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  const secure = connectTls({ socket, ...options });
  t.after(() => secure.destroy());
  await new Promise<void>((resolve, reject) => secure.once("secureConnect", resolve).once("error", reject));
  secure.on("error", () => undefined);
  return secure;
}

/** Through SSLRequest into TLS. */
async function connected(t: TestContext, fixture: Fixture, more: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = await plain(t, fixture);
  socket.write(sslRequest);
  assert.equal((await read(socket, 1)).toString(), "S");
  return secured(t, socket, tlsOptions(fixture, more));
}

/** Reads exactly so many bytes; fails after half a minute. */
async function read(stream: Duplex, bytes: number): Promise<Buffer> {
  for (const until = Date.now() + 30_000; Date.now() < until;) {
    const chunk = stream.read(bytes) as Buffer | null;
    if (chunk !== null) return chunk;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${bytes} bytes did not come`);
}

/** Everything until the other end closes; fails after half a minute. */
function readAll(stream: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => {
      reject(new Error("the connection was not closed"));
    }, 30_000);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.once("close", () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
  });
}

async function errorOf(stream: Duplex): Promise<string> {
  const bytes = await readAll(stream);
  assert.equal(bytes.toString("latin1", 0, 1), "E", "an ErrorResponse, and nothing before it");
  assert.equal(bytes.length, 1 + bytes.readInt32BE(1), "and nothing after it");
  const fields = decodeErrorFields(bytes);
  return `${fields.get("S") ?? ""} ${fields.get("C") ?? ""} ${fields.get("M") ?? ""}`;
}

const ready = (stream: Duplex): Promise<Buffer> => read(stream, 9 + 13 + 6);

test("a session starts after SSLRequest, TLS and the start-up packet", async (t) => {
  const fixture = await started(t);
  const secure = await connected(t, fixture);
  secure.write(startupPacket({ user: "admin", database: "postgres", application_name: "test" }));
  assert.equal((await ready(secure)).toString("latin1", 0, 1), "R");
  const [connection] = fixture.arrived;
  assert.equal(connection?.serverName, host);
  assert.deepEqual(connection.parameters, { user: "admin", database: "postgres", application_name: "test" });
  assert.equal(connection.protocolVersion, 196_608);
  assert.equal(fixture.listener.connections, 1);
});

test("what follows the start-up packet in the same write reaches the session", async (t) => {
  const fixture = await started(t);
  const secure = await connected(t, fixture);
  secure.write(Buffer.concat([startupPacket(), Buffer.from("Q\0\0\0\x05\0")]));
  await ready(secure);
  assert.equal((await read(secure, 14)).toString("latin1", 0, 1), "C");
});

test("packets that arrive byte by byte are the same packets", async (t) => {
  const fixture = await started(t);
  const socket = await plain(t, fixture);
  for (const byte of sslRequest) {
    socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal((await read(socket, 1)).toString(), "S");
  const secure = await secured(t, socket, tlsOptions(fixture));
  for (const byte of startupPacket()) secure.write(Buffer.from([byte]));
  await ready(secure);
});

test("direct TLS needs the ALPN protocol postgresql", async (t) => {
  const fixture = await started(t);
  const agreed = await secured(
    t,
    await plain(t, fixture),
    tlsOptions(fixture, { ALPNProtocols: ["postgresql"] }),
  );
  agreed.write(startupPacket());
  await ready(agreed);

  const silent = await secured(t, await plain(t, fixture), tlsOptions(fixture));
  silent.write(startupPacket());
  assert.equal((await readAll(silent)).length, 0);
  await assert.rejects(secured(t, await plain(t, fixture), tlsOptions(fixture, { ALPNProtocols: ["h2"] })));
  assert.equal(fixture.arrived.length, 1);
});

test("GSS encryption is declined and TLS may follow", async (t) => {
  const fixture = await started(t);
  const socket = await plain(t, fixture);
  socket.write(gssRequest);
  assert.equal((await read(socket, 1)).toString(), "N");
  socket.write(sslRequest);
  assert.equal((await read(socket, 1)).toString(), "S");
  const secure = await secured(t, socket, tlsOptions(fixture));
  secure.write(startupPacket());
  await ready(secure);
});

test("a plain connection hears that TLS is mandatory", async (t) => {
  const fixture = await started(t);
  const socket = await plain(t, fixture);
  socket.write(startupPacket());
  assert.equal(
    await errorOf(socket),
    "FATAL 28000 unable to accept connection, SSL is mandatory. AWS Authentication is required.",
  );
});

test("data sent together with a request for encryption is refused", async (t) => {
  const fixture = await started(t);
  const withSsl = await plain(t, fixture);
  withSsl.write(Buffer.concat([sslRequest, startupPacket()]));
  assert.equal(await errorOf(withSsl), "FATAL 08P01 received unencrypted data after SSL request");
  const withGss = await plain(t, fixture);
  withGss.write(Buffer.concat([gssRequest, sslRequest]));
  assert.equal(
    await errorOf(withGss),
    "FATAL 08P01 received unencrypted data after GSSAPI encryption request",
  );
});

test("requests for encryption out of turn are unsupported protocols", async (t) => {
  const fixture = await started(t);
  const secure = await connected(t, fixture);
  secure.write(sslRequest);
  assert.match(await errorOf(secure), /^FATAL 0A000 unsupported frontend protocol 1234\.5679: /);
  const socket = await plain(t, fixture);
  socket.write(gssRequest);
  await read(socket, 1);
  socket.write(gssRequest);
  assert.match(await errorOf(socket), /^FATAL 0A000 unsupported frontend protocol 1234\.5680: /);
});

test("other protocol versions are refused, minor versions of 3 are the session's business", async (t) => {
  const fixture = await started(t);
  for (const [version, text] of [
    [131_072, "2.0"],
    [262_144, "4.0"],
    [0, "0.0"],
    [0xffff_ffff, "65535.65535"],
  ] as const) {
    const secure = await connected(t, fixture);
    secure.write(packet(version, Buffer.alloc(288, 1)));
    assert.equal(
      await errorOf(secure),
      `FATAL 0A000 unsupported frontend protocol ${text}: server supports 3.0 to 3.0`,
    );
  }
  const newer = await connected(t, fixture);
  newer.write(startupPacket({ user: "admin" }, 196_610));
  await ready(newer);
  assert.equal(fixture.arrived[0]?.protocolVersion, 196_610);
});

test("without SNI the connection is refused, since nothing names the cluster", async (t) => {
  const fixture = await started(t);
  const secure = await connected(t, fixture, { servername: "", checkServerIdentity: () => undefined });
  secure.write(startupPacket());
  assert.equal(await errorOf(secure), "FATAL 28000 unable to accept connection, sni was not received");
});

test("without SNI the option amzn-cluster-id names the cluster", async (t) => {
  const fixture = await started(t);
  const anyName = { servername: "", checkServerIdentity: () => undefined };
  const secure = await connected(t, fixture, anyName);
  secure.write(startupPacket({ user: "admin", options: `-c amzn-cluster-id=${cluster.id}` }));
  await ready(secure);
  assert.equal(fixture.arrived[0]?.serverName, undefined);
  const unknown = await connected(t, fixture, anyName);
  unknown.write(startupPacket({ user: "admin", options: "-c amzn-cluster-id=zzzzzzzzzzzzzzzzzzzzzzzzzz" }));
  assert.equal(await errorOf(unknown), "FATAL 08006 unable to accept connection, access denied");
});

test("the host name chooses the cluster", async (t) => {
  const fixture = await started(t);
  const anyName = { checkServerIdentity: () => undefined };
  const outcome = async (servername: string, parameters: Record<string, string> = {}): Promise<string> => {
    const secure = await connected(t, fixture, { servername, ...anyName });
    secure.write(startupPacket({ user: "admin", ...parameters }));
    const first = await read(secure, 1);
    if (first.toString() === "R") return "accepted";
    secure.unshift(first);
    return await errorOf(secure);
  };
  const denied = "FATAL 08006 unable to accept connection, access denied";
  const endpoint = "vpce-0123.dsql-fnh4.us-east-1.vpce.amazonaws.com";
  assert.equal(await outcome(host), "accepted");
  assert.equal(await outcome(`${cluster.id}.dsql-fnh4.us-east-1.on.aws`), "accepted");
  assert.equal(await outcome(endpoint, { options: `-c amzn-cluster-id=${cluster.id}` }), "accepted");
  assert.equal(await outcome(endpoint), denied);
  assert.equal(await outcome(endpoint, { options: "-c amzn-cluster-id=zzzzzzzzzzzzzzzzzzzzzzzzzz" }), denied);
  assert.equal(await outcome("localhost"), denied);
  assert.equal(await outcome(`zzzzzzzzzzzzzzzzzzzzzzzzzz.dsql.us-east-1.on.aws`), denied);
  assert.equal(
    await outcome(`${cluster.id}.dsql.eu-west-1.on.aws`, { options: `-c amzn-cluster-id=${cluster.id}` }),
    denied,
  );
});

test("packets that are none are met with a closed socket", async (t) => {
  const fixture = await started(t);
  const garbage = [
    Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    Buffer.from("00000007", "hex"),
    Buffer.from("000027110003", "hex"), // 10,001 bytes
    Buffer.from("ffffffff00030000", "hex"),
    Buffer.from("16030100", "hex"), // the beginning of a TLS record, and no more
    Buffer.from("160301000501000000ff", "hex"), // a TLS record that is no ClientHello
  ];
  for (const bytes of garbage) {
    const socket = await plain(t, fixture);
    const all = readAll(socket);
    socket.end(bytes);
    const answer = await all;
    assert.ok(
      answer.length === 0 || answer[0] === 0x15,
      `${bytes.toString("hex")} got ${answer.toString("hex")}`,
    );
  }
  const cut = await connected(t, fixture);
  cut.write(packet(196_608, Buffer.from("user")));
  assert.match(await errorOf(cut), /^FATAL 08P01 /);
  const still = await connected(t, fixture);
  still.write(startupPacket());
  await ready(still);
});

test("clients that vanish at any byte harm nobody", async (t) => {
  const fixture = await started(t);
  for (let length = 0; length <= sslRequest.length; length++) {
    const socket = await plain(t, fixture);
    if (length > 0) socket.write(sslRequest.subarray(0, length));
    socket.resetAndDestroy();
  }
  const startup = startupPacket();
  for (const length of [0, 1, 4, 7, 8, startup.length - 1, startup.length]) {
    const secure = await connected(t, fixture);
    secure.write(startup.subarray(0, length));
    secure.destroy();
  }
  const still = await connected(t, fixture);
  still.write(startup);
  await ready(still);
});

test("a handshake that dawdles is cut off", async (t) => {
  const fixture = await started(t, { handshakeMsMax: 2_000 });
  const quiet = await plain(t, fixture);
  assert.equal((await readAll(quiet)).length, 0);
  const beforeTls = await plain(t, fixture);
  beforeTls.write(sslRequest);
  assert.equal((await readAll(beforeTls)).toString(), "S");
  const afterTls = await connected(t, fixture);
  afterTls.write(startupPacket().subarray(0, 10));
  assert.equal((await readAll(afterTls)).length, 0);
});

test("a cancel request with the right key reaches its session, plain or in TLS", async (t) => {
  const fixture = await started(t);
  const secure = await connected(t, fixture);
  secure.write(startupPacket());
  const key = (await ready(secure)).subarray(9 + 5);
  const processId = key.readInt32BE(0);
  const secretKey = key.readInt32BE(4);
  assert.ok(processId > 0);

  const send = async (stream: Duplex, shown: { processId: number; secretKey: number }): Promise<void> => {
    stream.write(cancelPacket(shown));
    assert.equal((await readAll(stream)).length, 0, "never answered");
  };
  await send(await plain(t, fixture), { processId, secretKey: secretKey ^ 1 });
  await send(await plain(t, fixture), { processId: (processId % 0x7fff_ffff) + 1, secretKey });
  assert.deepEqual(fixture.cancelled, []);
  await send(await plain(t, fixture), { processId, secretKey });
  await send(await connected(t, fixture), { processId, secretKey });
  assert.deepEqual(fixture.cancelled, [processId, processId]);

  secure.destroy();
  await closed(fixture, 0);
  await send(await plain(t, fixture), { processId, secretKey });
  assert.equal(fixture.cancelled.length, 2, "a key ends with its connection");
});

test("connections beyond the limit hear so, and a closed one makes room", async (t) => {
  const fixture = await started(t, { connectionsMax: 2 });
  const first = await connected(t, fixture);
  first.write(startupPacket());
  await ready(first);
  const second = await connected(t, fixture);
  second.write(startupPacket());
  await ready(second);
  const third = await connected(t, fixture);
  third.write(startupPacket());
  assert.equal(await errorOf(third), "FATAL 53300 Unable to accept connection, too many open connections.");
  first.destroy();
  await closed(fixture, 1);
  const fourth = await connected(t, fixture);
  fourth.write(startupPacket());
  await ready(fourth);
});

test("connections that come too fast hear so", async (t) => {
  const fixture = await started(t, { connectionRate: { burst: 2, perSecond: 0.001 } });
  for (const expected of ["R", "R", "E"]) {
    const secure = await connected(t, fixture);
    secure.write(startupPacket());
    const first = await read(secure, 1);
    assert.equal(first.toString(), expected);
    if (expected === "R") continue;
    secure.unshift(first);
    assert.equal(await errorOf(secure), "FATAL 53400 Unable to accept connection, rate exceeded.");
  }
});

test("a connection whose client does not say who it is counts against no limit, and is cut off", async (t) => {
  const find = findOnly({
    opening: undefined,
    onSession: ({ socket, admit }) => {
      socket.once("data", () => {
        admit();
        socket.write("R");
      });
      return { cancel: () => undefined, closed: new Promise(() => undefined) };
    },
  });
  const fixture = await started(t, { find, connectionsMax: 1, newcomersMax: 3, passwordMsMax: 2_000 });
  const silent = [];
  for (let number = 0; number < 3; number++) {
    const secure = await connected(t, fixture);
    secure.write(startupPacket());
    silent.push(readAll(secure));
  }
  assert.equal(fixture.listener.connections, 0);
  const known = await connected(t, fixture);
  known.write(Buffer.concat([startupPacket(), Buffer.from("p")]));
  assert.equal((await read(known, 1)).toString(), "R");
  assert.equal(fixture.listener.connections, 1);
  for (const end of silent) assert.equal((await end).length, 0);
  assert.equal(known.closed, false);
});

test("a connection is cut without a word at the end of its lifetime", async (t) => {
  const fixture = await started(t, { connectionLifetimeMs: 2_000 });
  const secure = await connected(t, fixture);
  secure.write(startupPacket());
  const all = await readAll(secure);
  assert.equal(all.length, 28, "what the session said, and nothing more");
  await closed(fixture, 0);
});

test("closing ends handshakes and sessions and frees the port", async (t) => {
  const fixture = await started(t);
  const idle = await plain(t, fixture);
  const secure = await connected(t, fixture);
  secure.write(startupPacket());
  await ready(secure);
  const ends = [readAll(idle), readAll(secure)];
  const { port } = fixture.listener;
  await fixture.listener.close();
  await Promise.all(ends);
  const again = await createListener({
    host: "127.0.0.1",
    port,
    certificates: fixture.certificates,
    find: () => undefined,
  });
  await again.close();
});

test("every cluster has limits of its own, and one that ends lets go of its clients alone", async (t) => {
  const otherHost = `zbcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws`;
  const clusters = new Map([cluster.id, otherHost.slice(0, 26)].map((id) => [id, silentCluster()]));
  const find: ListenerOptions["find"] = (name) => (name === "default" ? undefined : clusters.get(name.id));
  const fixture = await started(t, { find, connectionsMax: 1 });
  const open = async (servername: string): Promise<TLSSocket> => {
    const secure = await connected(t, fixture, { servername });
    secure.write(startupPacket());
    return secure;
  };
  const first = await open(host);
  const other = await open(otherHost);
  await ready(first);
  await ready(other);
  const tooMany = await open(host);
  assert.equal(decodeErrorFields(await readAll(tooMany)).get("C"), "53300");
  const [ended] = clusters.values();
  assert.ok(ended);
  fixture.listener.disconnect(ended);
  await readAll(first);
  assert.equal(other.closed, false);
  assert.equal(fixture.listener.connections, 1);
});

/** @returns a session that tells why it is not admitted and ends; undefined where it is */
function refusalOf({ socket, admit }: ArrivedConnection): SessionHandle | undefined {
  try {
    admit();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof SqlError);
    socket.write(encodeBackend.errorResponse(error));
    return { cancel: () => undefined, closed: Promise.resolve() };
  }
}

/** A cluster whose sessions say that they are ready, and nothing more. */
function silentCluster(): ListenedCluster {
  return {
    opening: undefined,
    onSession: (connection) => {
      const { socket, cancelKey } = connection;
      const refusal = refusalOf(connection);
      if (refusal !== undefined) return refusal;
      socket.write(encodeBackend.authenticationOk());
      socket.write(encodeBackend.backendKeyData(cancelKey.processId, cancelKey.secretKey));
      socket.write(encodeBackend.readyForQuery("I".charCodeAt(0)));
      return { cancel: () => undefined, closed: new Promise(() => undefined) };
    },
  };
}

test("a taken port is an error with the system's code", async (t) => {
  const fixture = await started(t);
  const options = {
    host: "127.0.0.1",
    port: fixture.listener.port,
    certificates: fixture.certificates,
  };
  const second = createListener({ ...options, find: () => assert.fail("nobody connects") });
  await assert.rejects(second, { code: "EADDRINUSE" });
});

test("TLS sessions are resumed with a ticket", async (t) => {
  const fixture = await started(t);
  const first = await connected(t, fixture);
  const ticket = new Promise<Buffer>((resolve) => first.once("session", resolve));
  first.write(startupPacket());
  await ready(first);
  const second = await connected(t, fixture, { session: await ticket });
  assert.equal(second.isSessionReused(), true);
  second.write(startupPacket());
  await ready(second);
  assert.equal(fixture.arrived[1]?.serverName, host);
});

test("old versions of TLS are refused", async (t) => {
  const fixture = await started(t);
  await assert.rejects(connected(t, fixture, { minVersion: "TLSv1", maxVersion: "TLSv1.1" }));
});

test("pg connects with the authority's certificate and the cluster's name", async (t) => {
  const fixture = await started(t);
  const client = new pg.Client({
    host: "127.0.0.1",
    port: fixture.listener.port,
    user: "admin",
    database: "postgres",
    ssl: { ca: fixture.certificates.ca, servername: host },
  });
  await client.connect();
  assert.equal((await client.query("SELECT")).command, "SELECT");
  await client.end();
  await closed(fixture, 0);
});

test("psql verifies the server's full name", async (t) => {
  const run = promisify(execFile);
  const version = await run("psql", ["--version"]).catch(() => undefined);
  if (version === undefined) {
    t.skip("psql is not installed");
    return;
  }
  const fixture = await started(t);
  const psql = (more: NodeJS.ProcessEnv): Promise<{ stderr: string }> =>
    run("psql", ["-X", "-c", "SELECT"], {
      timeout: 60_000,
      env: {
        ...process.env,
        PGHOST: host,
        PGHOSTADDR: "127.0.0.1",
        PGPORT: String(fixture.listener.port),
        PGUSER: "admin",
        PGDATABASE: "postgres",
        PGSSLMODE: "verify-full",
        PGSSLROOTCERT: fixture.certificates.caFile,
        ...more,
      },
    });
  await psql({});
  await assert.rejects(
    psql({ PGHOST: "zzz.example.com" }),
    /server certificate for .* does not match host name/,
  );
  await assert.rejects(
    psql({ PGSSLMODE: "disable" }),
    /FATAL: {2}unable to accept connection, SSL is mandatory/,
  );
  const byAddress = { PGHOST: "127.0.0.1", PGSSLMODE: "require", PGSSLROOTCERT: "" };
  await assert.rejects(psql(byAddress), /FATAL: {2}unable to accept connection, sni was not received/);
  await assert.rejects(
    psql({ PGHOST: "localhost", PGSSLMODE: "require", PGSSLROOTCERT: "" }),
    /FATAL: {2}unable to accept connection, access denied/,
  );
});

/** Waits until the listener counts so many connections. */
async function closed({ listener }: Fixture, connections: number): Promise<void> {
  await eventually(`there are ${connections} connections`, () => listener.connections === connections);
}
