/**
 * Without the environment of `dsql env` the helper speaks to AWS: to Lambda's own address, over TLS, with signed requests.
 *
 * The server here stands in for it. The way there is bent in the helper's process, below everything that chooses the
 * address, signs and retries; the certificate is not verified, since nobody but Amazon can make one for that name.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { openCertificates } from "@dsql-local/cluster";
import { SigningKeys, verifyRequest } from "@dsql-local/account";
import { run } from "./command.ts";

const helperFile = fileURLToPath(new URL("../../bin/helper.js", import.meta.url));
const credential = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "secret-of-the-test",
  sessionToken: "token",
};

/** Leads every TLS connection to the server of this test. */
const bend = `
const tls = require("node:tls");
const { connect } = tls;
tls.connect = (options) =>
  connect({ ...options, host: "127.0.0.1", port: Number(process.env.STAND_IN_PORT), rejectUnauthorized: false });
`;

interface StandIn {
  readonly port: number;
  readonly preload: string;
  /** `host` of the request and name asked for in the TLS handshake, each pair once. */
  readonly names: ReadonlySet<string>;
  readonly refusals: readonly string[];
  readonly connections: () => number;
}

/** @param breaks - the requests, counted from 1, at which the connection breaks before an answer */
async function standInForLambda(t: TestContext, region: string, breaks: readonly number[]): Promise<StandIn> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "dsql-helper-aws-"));
  const { certificate, key } = openCertificates({ folder, region, nowMs: Date.now() });
  const signingKeys = new SigningKeys();
  const names = new Set<string>();
  const refusals: string[] = [];
  let requests = 0;
  let connections = 0;
  const server = createServer({ cert: certificate, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests++;
      if (breaks.includes(requests)) {
        request.socket.destroy();
        return;
      }
      const [address = "", query = ""] = (request.url ?? "").split("?");
      const { method = "", headers } = request;
      const verdict = verifyRequest(
        { method, path: address, query, headers, body: Buffer.concat(chunks) },
        { find: () => credential, signingKeys, nowMs: Date.now(), region, service: "lambda" },
      );
      if (!verdict.ok) refusals.push(verdict.explanation);
      names.add(`${headers.host} ${String((request.socket as TLSSocket).servername)}`);
      response.end(JSON.stringify({ balance: 99, duration: 5, retries: 0 }));
    });
  });
  server.on("secureConnection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  });
  const preload = path.join(folder, "bend.cjs");
  writeFileSync(preload, bend);
  return {
    port: (server.address() as AddressInfo).port,
    preload,
    names,
    refusals,
    connections: () => connections,
  };
}

test("without dsql env the Region's own Lambda is invoked: signed, over few connections, again where one breaks", async (t) => {
  const region = "eu-west-1";
  const lambda = await standInForLambda(t, region, [7, 20]);
  const args = ["test-chapter", "4", "--invocations", "60", "--parallel", "3", "--region", region, "--json"];
  const { code, stdout, stderr } = await run(process.execPath, [helperFile, ...args], {
    env: {
      PATH: process.env["PATH"],
      AWS_ACCESS_KEY_ID: credential.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credential.secretAccessKey,
      AWS_SESSION_TOKEN: credential.sessionToken,
      NODE_OPTIONS: `--require ${JSON.stringify(lambda.preload)}`,
      STAND_IN_PORT: String(lambda.port),
    },
  });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  const { successes, resends, unknownOutcomes } = JSON.parse(stdout) as Record<string, number>;
  assert.deepEqual(
    { successes, resends, unknownOutcomes },
    { successes: 60, resends: 2, unknownOutcomes: 2 },
  );
  assert.deepEqual(lambda.refusals, []);
  assert.deepEqual([...lambda.names], ["lambda.eu-west-1.amazonaws.com lambda.eu-west-1.amazonaws.com"]);
  // Three at a time, and two more in place of those that broke.
  assert.equal(lambda.connections(), 5);
});
