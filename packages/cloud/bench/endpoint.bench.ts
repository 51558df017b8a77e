/**
 * What the endpoint costs per signed request, the service behind it left out: reading, routing, verifying, answering.
 *
 * The client is a process of its own, so that the CPU time printed is the endpoint's alone.
 *
 *   node packages/cloud/dist/bench/endpoint.bench.js [requests] [connections]
 */

import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { AccountIdentities } from "@dsql-local/account";
import { systemClock, systemRandom } from "@dsql-local/cluster";
import { payloadHash, RequestSigner } from "@dsql-local/account";
import { Pool } from "undici";

import { createAuthorizer } from "../src/authorization.ts";
import { Endpoint } from "../src/endpoint.ts";
import { createS3 } from "../src/s3/index.ts";
import { SignatureVerifier } from "../src/signature.ts";

const region = "us-east-1";
const path = "/2015-03-31/functions/reinvent-dat401/invocations";
const body = JSON.stringify({ payer_id: 1, payee_id: 2, amount: 1 });

interface ClientTask {
  readonly port: number;
  readonly requests: number;
  readonly connections: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

async function runClient(task: ClientTask): Promise<void> {
  const { accessKeyId, secretAccessKey, connections, port, requests } = task;
  const host = `127.0.0.1:${port}`;
  const pool = new Pool(`http://${host}`, { connections, pipelining: 1 });
  const signer = new RequestSigner({
    credential: { accessKeyId, secretAccessKey },
    region,
    service: "lambda",
  });
  const request = {
    method: "POST",
    path,
    headers: { host, "content-type": "application/json" },
    payloadHash: payloadHash(body),
  };
  let started = 0;
  const work = async (): Promise<void> => {
    while (started < requests) {
      started += 1;
      const headers = signer.signHeaders(request, Date.now());
      const answer = await pool.request({ method: "POST", path, headers, body });
      if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${await answer.body.text()}`);
      await answer.body.dump();
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  await pool.close();
  process.send?.("done");
}

async function measure(): Promise<void> {
  const [requests = 50_000, connections = 64] = process.argv.slice(2).map(Number);
  const directory = mkdtempSync(join(tmpdir(), "dsql-local-bench-"));
  const identities = AccountIdentities.open({
    file: join(directory, "identities.json"),
    clock: systemClock,
    random: systemRandom,
  });
  const endpoint = new Endpoint({
    services: {
      lambda: {
        serviceIn: () => ({
          handle: () =>
            Promise.resolve({ status: 200, headers: { "content-type": "application/json" }, body: "{}" }),
        }),
        protocol: "restJson",
      },
    },
    httpApis: { handle: () => Promise.resolve({ status: 200 }) },
    functionUrls: { handle: () => Promise.resolve({ status: 200 }) },
    s3: createS3({
      dataDir: directory,
      region,
      account: identities.account,
      authorize: createAuthorizer(identities, region),
    }),
    signatures: new SignatureVerifier(identities),
    log: (event) => {
      console.error(JSON.stringify(event));
    },
  });
  const port = await endpoint.listen(0);
  const { accessKeyId, secretAccessKey } = identities.administrator;
  const client = fork(fileURLToPath(import.meta.url), ["client"]);
  const run = (count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      client.once("message", () => {
        resolve();
      });
      client.once("exit", () => {
        reject(new Error("the client ended early"));
      });
      client.send({ port, requests: count, connections, accessKeyId, secretAccessKey } satisfies ClientTask);
    });
  try {
    await run(Math.min(5_000, requests)); // warm-up
    const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
    await run(requests);
    const elapsedMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpu);
    const perSecond = Math.round((requests / elapsedMs) * 1_000);
    console.log(
      `${requests} requests over ${connections} connections: ${perSecond}/s, ${((user + system) / requests).toFixed(1)} µs of CPU each`,
    );
  } finally {
    client.kill();
    await endpoint.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

if (process.argv[2] === "client") process.on("message", (task) => void runClient(task as ClientTask));
else await measure();
