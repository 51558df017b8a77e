/** A program that connects to a cluster's public name reaches the local cluster, in a function and with the preload. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createServer } from "node:tls";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openCertificates } from "@dsql-local/cluster";
import { region, startLambda } from "./lambda-support.ts";

const endpoint = "abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws";
const preload = fileURLToPath(new URL("../src/preload/dsql-local-preload.cjs", import.meta.url));

/** A TLS server that greets with the name it was called by. */
async function startCluster(t: TestContext): Promise<{ host: string; port: number; caFile: string }> {
  const folder = mkdtempSync(join(tmpdir(), "dsql-local-access-"));
  const { caFile, certificate, key } = openCertificates({ folder, region, nowMs: Date.now() });
  const server = createServer({ cert: certificate, key }, (socket) => {
    socket.on("error", () => undefined);
    socket.end(`hello ${String(socket.servername)}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port, caFile };
}

/** Connects in the way named and resolves to what the server said. */
const greet = `
  const net = require("node:net");
  const tls = require("node:tls");
  const host = "${endpoint}";
  const ways = {
    options: () => tls.connect({ host, port: 5432, servername: host }),
    arguments: () => tls.connect(5432, host, { servername: host }),
    bare: () => tls.connect(5432, host),
    ownAuthority: () => tls.connect({ host, port: 5432, servername: host, ca: tls.rootCertificates.slice(0, 1) }),
    minVersion: () => tls.connect({ host, port: 5432, servername: host, minVersion: "TLSv1.3" }),
    upgraded: () => tls.connect({ socket: new net.Socket().connect(5432, host), servername: host }),
    created: () => tls.connect({ socket: net.createConnection({ host, port: 5432 }), servername: host }),
    webSocket: () => tls.connect({ host, port: "443", servername: host }),
    ownPort: () => tls.connect({ host, port: Number(process.env.OTHER_PORT), servername: host }),
    otherPort: () => tls.connect({ host, port: 1, servername: host }),
    otherPortArgument: () => tls.connect(1, host, { servername: host }),
    wrongName: () => tls.connect({ host, port: 5432, servername: "zzzzzzzzzzzzzzzzzzzzzzzzzz.dsql.eu-west-1.on.aws" }),
    untouched: () => tls.connect({ host: "127.0.0.1", port: Number(process.env.OTHER_PORT), servername: "localhost" }),
  };
  const greet = (way) => new Promise((resolve) => {
    let text = "";
    ways[way]().on("data", (data) => (text += data)).on("end", () => resolve(text)).on("error", (error) => resolve(error.code));
  });`;

const trusted = [
  "options",
  "arguments",
  "ownAuthority",
  "minVersion",
  "upgraded",
  "created",
  "webSocket",
  "ownPort",
];
/** Nothing listens at these in AWS, and nothing does here. */
const refused = ["otherPort", "otherPortArgument"];

test("inside a function the cluster's name reaches the local cluster with a verified certificate", async (t) => {
  const clusterAccess = await startCluster(t);
  const lambda = startLambda({ clusterAccess });
  t.after(() => lambda.close());
  const name = await lambda.deploy(`${greet} exports.handler = async ({ way }) => greet(way);`, {
    Environment: { Variables: { OTHER_PORT: String(clusterAccess.port) } },
  });

  for (const way of trusted)
    assert.equal((await lambda.invoke(name, { way })).value, `hello ${endpoint}`, way);
  for (const way of refused) assert.equal((await lambda.invoke(name, { way })).value, "ECONNREFUSED", way);
  // Node.js sends no server name of its own accord, as it would not to AWS; the certificate is verified all the same.
  assert.equal((await lambda.invoke(name, { way: "bare" })).value, "hello false");
  assert.equal((await lambda.invoke(name, { way: "wrongName" })).value, "ERR_TLS_CERT_ALTNAME_INVALID");
  assert.equal((await lambda.invoke(name, { way: "untouched" })).value, "SELF_SIGNED_CERT_IN_CHAIN");
});

test("with the preload any Node.js program reaches it, CommonJS and ES modules alike", async (t) => {
  const { host, port, caFile } = await startCluster(t);
  const run = async (...parameters: string[]): Promise<string> => {
    const env = {
      PATH: process.env["PATH"],
      NODE_OPTIONS: `--require ${JSON.stringify(preload)}`,
      DSQL_LOCAL_HOST: host,
      DSQL_LOCAL_PORT: String(port),
      DSQL_LOCAL_CA_FILE: caFile,
      OTHER_PORT: String(port),
    };
    return (await promisify(execFile)(process.execPath, parameters, { env })).stdout;
  };
  const ways = [...trusted, ...refused, "untouched"];

  const answers = await run(
    "-e",
    `${greet} Promise.all(${JSON.stringify(ways)}.map(greet)).then((all) => console.log(JSON.stringify(all)));`,
  );
  const module = `import { connect } from "node:tls"; connect({ host: "${endpoint}", port: 5432, servername: "${endpoint}" }).pipe(process.stdout);`;

  assert.deepEqual(JSON.parse(answers), [
    ...trusted.map(() => `hello ${endpoint}`),
    ...refused.map(() => "ECONNREFUSED"),
    "SELF_SIGNED_CERT_IN_CHAIN",
  ]);
  assert.equal(await run("--input-type=module", "-e", module), `hello ${endpoint}`);
});

test("sockets of an environment that ends are closed", async (t) => {
  const clusterAccess = await startCluster(t);
  const lambda = startLambda({ clusterAccess });
  t.after(() => lambda.close());
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const closed = new Promise<void>((resolve) => {
    server.once("connection", (socket) =>
      socket
        .on("error", () => undefined)
        .once("close", () => resolve())
        .resume(),
    );
  });
  const name = await lambda.deploy(`
    exports.handler = async ({ port }) => new Promise((resolve, reject) => {
      const socket = require("node:net").connect(port, "127.0.0.1", () => resolve("connected")).on("error", reject);
    });`);
  assert.equal((await lambda.invoke(name, { port })).value, "connected");

  await lambda.lambda.deleteFunction(name);

  await closed;
});
