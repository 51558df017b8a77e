/**
 * A Lambda that answers every invocation at once, without looking at the signature: what remains is the cost of the caller.
 * It runs in a process of its own, so that its CPU time is not counted as the caller's.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import process from "node:process";
import type { InvocationTarget } from "../src/index.ts";

const own = fileURLToPath(import.meta.url);

/** @param use - is given the server's target; the server ends with it */
export async function withAnsweringServer(use: (target: InvocationTarget) => Promise<void>): Promise<void> {
  const server = fork(own);
  try {
    const endpoint = new URL(`http://127.0.0.1:${await portOf(server)}`);
    const credential = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret-of-the-benchmark" };
    await use({ endpoint, region: "us-east-1", credential });
  } finally {
    server.kill();
  }
}

async function portOf(server: ChildProcess): Promise<number> {
  const [message] = (await once(server, "message")) as [{ port: number }];
  return message.port;
}

function serve(): void {
  const body = JSON.stringify({ balance: 99, duration: 5, retries: 0 });
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
      response.end(body);
    });
  });
  server.listen(0, "127.0.0.1", 2_048, () =>
    process.send?.({ port: (server.address() as AddressInfo).port }),
  );
}

if (process.argv[1] === own) serve();
