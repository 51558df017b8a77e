/**
 * Where functions of custom resources answer: an HTTPS address per request, as S3's presigned ones are in AWS.
 *
 * Handlers as AWS publishes them send their answer with `https` to port 443 of the host in `ResponseURL`, whatever
 * scheme and port it names. So there is a listener with TLS of its own, and inside functions connections to its name
 * are led to it (preload/dsql-local-preload.cts). Its certificate authority is the cloud's own and vouches for nothing else.
 *
 * Always true
 * - It listens on loopback only.
 * - An address is good for one answer, given by whoever knows its secret; later ones are taken and dropped, as an
 *   object that is written again would be.
 */

import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { openCertificates } from "@dsql-local/cluster";

/** An answer that is awaited. */
export interface AwaitedResponse {
  /** `ResponseURL` of the request. */
  readonly url: string;
  /** The answer's text, of at most `responseBytesKept` bytes. Never rejects. */
  readonly received: Promise<string>;
  /** No answer is wanted any more. */
  forget(): void;
}

/** Longer answers are cut off: CloudFormation takes 4,096 bytes, and one more tells that there were too many. */
const responseBytesKept = 4_097;

/** Answers awaited at once; a further request fails. Far beyond what stacks of one machine ask for. */
const awaitedMax = 1_000;

const host = "127.0.0.1";

interface Expectation {
  readonly secret: Buffer;
  readonly settle: (body: string) => void;
}

export class ResponseListener {
  readonly caFile: string;
  readonly #name: string;
  readonly #server: Server;
  readonly #awaited = new Map<string, Expectation>();
  #port = 0;

  /** @param options.dataDir - the certificate authority is kept in `<dataDir>/tls` */
  constructor(options: { dataDir: string; region: string }) {
    const { dataDir, region } = options;
    this.caFile = join(dataDir, "tls", "ca.pem");
    this.#name = `cloudformation-custom-resource-response.dsql-local.${region}.on.aws`;
    const { certificate, key } = openCertificates({
      folder: join(dataDir, "tls"),
      region,
      nowMs: Date.now(),
    });
    this.#server = createServer({ cert: certificate, key }, (request, response) => {
      this.#answer(request, response);
    });
    this.#server.on("clientError", (_error, socket) => socket.destroy());
    this.#server.on("tlsClientError", (_error, socket) => socket.destroy());
  }

  /** 0 until it listens. */
  get port(): number {
    return this.#port;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port: 0 }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** @param path - what the address is about, to be read in logs; percent-encoded here */
  expect(path: string): AwaitedResponse {
    if (this.#awaited.size >= awaitedMax) {
      throw new Error(`dsql-local waits for ${awaitedMax} answers of custom resources already`);
    }
    const secret = randomBytes(32);
    const place = `/${encodeURIComponent(path)}`;
    let settle: (body: string) => void = () => undefined;
    const received = new Promise<string>((resolve) => (settle = resolve));
    this.#awaited.set(place, { secret, settle });
    return {
      url: `https://${this.#name}${place}?X-Amz-Signature=${secret.toString("hex")}`,
      received,
      forget: () => this.#awaited.delete(place),
    };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const [place = "", query = ""] = (request.url ?? "").split("?", 2);
    const expectation = this.#awaited.get(place);
    const signature = new URLSearchParams(query).get("X-Amz-Signature") ?? "";
    if (request.method !== "PUT" || expectation === undefined || !isSecret(signature, expectation.secret)) {
      request.resume();
      response.writeHead(403, { "content-type": "application/xml" }).end(accessDenied);
      return;
    }
    let body = Buffer.alloc(0);
    request.on("data", (chunk: Buffer) => {
      if (body.length < responseBytesKept) body = Buffer.concat([body, chunk]).subarray(0, responseBytesKept);
    });
    request.on("end", () => {
      response.writeHead(200).end();
      expectation.settle(body.toString("utf8"));
    });
    request.on("error", () => response.destroy());
  }
}

const accessDenied =
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>';

function isSecret(signature: string, secret: Buffer): boolean {
  const given = Buffer.from(signature, "hex");
  return given.length === secret.length && timingSafeEqual(given, secret);
}
