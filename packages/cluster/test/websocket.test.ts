/** PostgreSQL's protocol through WebSocket, at the port of the cluster. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { after, before, test } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { encodeFrontend } from "../src/wire/index.ts";
import { type RunningCluster, runCluster, within } from "./running-cluster.ts";
import { eventually } from "./storage-helper.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster();
});
after(() => running.stop());

const program = fileURLToPath(new URL("websocket-client.js", import.meta.url));
const preload = fileURLToPath(
  new URL("../../../cloud/dist/src/preload/dsql-local-preload.cjs", import.meta.url),
);

async function run(input: object): Promise<{ frames: string[]; code: number }> {
  const { cluster } = running;
  const environment = {
    DSQL_LOCAL_HOST: cluster.host,
    DSQL_LOCAL_PORT: String(cluster.port),
    DSQL_LOCAL_CA_FILE: cluster.caFile,
  };
  const run = promisify(execFile)(
    process.execPath,
    ["--no-warnings", "--experimental-websocket", "--require", preload, program],
    { env: { ...process.env, ...environment } },
  );
  run.child.stdin?.end(JSON.stringify(input));
  return JSON.parse((await run).stdout) as { frames: string[]; code: number };
}

test("a program's own WebSocket runs statements at wss://<endpoint>:443, one message a frame", async () => {
  const { cluster } = running;
  const large = "SELECT repeat('x', 200000) FROM generate_series(1, 20)";
  const { frames, code } = await within("the program ends", () =>
    run({
      url: `wss://${cluster.endpoint}:443`,
      token: cluster.token(),
      statements: ["SELECT 1", large, "SELECT nothing"],
    }),
  );
  const answers = frames.slice(frames.indexOf("Z") + 1).join(" ");
  assert.equal(answers, `T D C Z T ${"D ".repeat(20)}C Z E Z`);
  assert.equal(code, 1000);
  await eventually("the session is gone", async () =>
    (await running.backends()).every(({ state }) => state === "idle"),
  );
});

test("a wrong token is refused in a frame, and the WebSocket closes", async () => {
  const { frames, code } = await within("the program ends", () =>
    run({ url: `wss://${running.cluster.endpoint}`, token: "wrong", statements: [] }),
  );
  assert.deepEqual({ frames, code }, { frames: ["R", "E"], code: 1000 });
});

/** TLS without ALPN, or with it. */
async function open(ALPNProtocols: string[] = []): Promise<TLSSocket> {
  const { cluster } = running;
  const { ca, servername } = cluster.connection().ssl;
  const secure = connectTls({
    socket: connectTcp(cluster.port, cluster.host),
    ca,
    servername,
    ALPNProtocols,
  });
  await once(secure, "secureConnect");
  secure.on("error", () => undefined);
  return secure;
}

async function answerTo(request: string, ALPNProtocols?: string[]): Promise<string> {
  const secure = await open(ALPNProtocols);
  const chunks: Buffer[] = [];
  secure.on("data", (chunk: Buffer) => chunks.push(chunk));
  secure.write(request);
  await within("the connection closes", () => once(secure, "close"));
  return Buffer.concat(chunks).toString("latin1");
}

const upgrade =
  "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

test("the upgrade is answered as the standard's example says, with and without ALPN", async () => {
  for (const alpn of [[], ["http/1.1"]]) {
    const secure = await open(alpn);
    secure.write(upgrade);
    const [answer] = (await within("it is answered", () => once(secure, "data"))) as [Buffer];
    assert.match(answer.toString("latin1"), /^HTTP\/1\.1 101 .*\r\n/);
    assert.match(answer.toString("latin1"), /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
    // A frame that is not masked ends it, with the code for that.
    secure.write(Buffer.from([0x82, 0x01, 0x00]));
    const [close] = (await within("it is closed", () => once(secure, "data"))) as [Buffer];
    assert.deepEqual([...close], [0x88, 2, 3, 234]);
    secure.destroy();
  }
});

test("what is no upgrade is told so, and what is no HTTP is closed", async () => {
  assert.match(await answerTo("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 426 /);
  assert.match(await answerTo("POST / HTTP/1.1\r\nHost: x\r\n\r\n", ["http/1.1"]), /^HTTP\/1\.1 426 /);
  const old = upgrade.replace("Version: 13", "Version: 8");
  assert.match(await answerTo(old), /^HTTP\/1\.1 426 [^]*Sec-WebSocket-Version: 13\r\n/);
  assert.match(await answerTo(upgrade.replace("Key: d", "Key: ")), /^HTTP\/1\.1 400 /);
  assert.equal(await answerTo(`GET / HTTP/1.1\r\n${"x: y\r\n".repeat(10_000)}\r\n`), "");
  assert.equal(
    await answerTo(encodeFrontend.startup({ user: "admin" }).toString("latin1"), ["http/1.1"]),
    "",
  );
  const client = await running.connect();
  await client.query("SELECT 1");
});
