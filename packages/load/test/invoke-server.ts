/** A server that speaks Lambda's Invoke: verifies the signature, then answers as the test says. */
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { SigningKeys, verifyRequest } from "@dsql-local/account";

import type { InvocationTarget } from "../src/index.ts";

export interface InvokeCall {
  readonly path: string;
  readonly payload: unknown;
}

export type Responder = (call: InvokeCall, response: ServerResponse, request: IncomingMessage) => void;

export interface InvokeServer {
  readonly target: InvocationTarget;
  readonly connections: () => number;
  close(): Promise<void>;
}

const credential = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret-of-the-test" };
const region = "us-east-1";

export async function startInvokeServer(respond: Responder): Promise<InvokeServer> {
  const signingKeys = new SigningKeys();
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const [path = "", query = ""] = (request.url ?? "").split("?");
      const verdict = verifyRequest(
        { method: request.method ?? "", path, query, headers: request.headers, body },
        {
          find: (accessKeyId) => (accessKeyId === credential.accessKeyId ? credential : undefined),
          signingKeys,
          nowMs: Date.now(),
          region,
          service: "lambda",
        },
      );
      if (!verdict.ok) {
        sendError(response, 403, "InvalidSignatureException", verdict.explanation);
        return;
      }
      respond({ path, payload: JSON.parse(body.toString("utf8")) as unknown }, response, request);
    });
  });
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 2_048, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    target: { endpoint: new URL(`http://127.0.0.1:${port}`), region, credential },
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function sendJson(
  response: ServerResponse,
  payload: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(payload));
}

export function sendError(response: ServerResponse, status: number, type: string, message: string): void {
  response.writeHead(status, { "content-type": "application/json", "x-amzn-errortype": type });
  response.end(JSON.stringify({ Type: "User", message }));
}
