/**
 * The HTTP endpoint: reads a request, finds its service, verifies who signed it, and writes the answer.
 *
 * Service and Region are those in the signature's credential scope, which every SDK fills in; host names and paths are
 * not looked at. S3's bodies are handed on as streams; all others are read whole first.
 *
 * Always true
 * - It listens on loopback only.
 * - No service sees a request whose signature does not verify.
 * - Every request is answered, in the protocol of its service where that is known.
 *
 * This is the path of every Lambda invocation under load: what is done here is done thousands of times a second.
 */

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { Log } from "@dsql-local/cluster";

import { errorResponse, serviceErrorOf, type Protocol } from "./error-response.ts";
import { functionUrlPath, type FunctionUrlRequests } from "./lambda/index.ts";
import type { S3 } from "./s3/index.ts";
import { regionPattern, ServiceError, type Service, type ServiceResponse } from "./service.ts";
import type { SignatureVerifier } from "./signature.ts";

export interface OfferedService {
  readonly protocol: Exclude<Protocol, "s3">;
  /** The service of the Region that signed; a promise where that Region is still to be opened. */
  readonly serviceIn: (region: string) => Service | Promise<Service>;
  /** One for all Regions, whatever its requests are signed for. */
  readonly isGlobal?: boolean;
}

export interface EndpointOptions {
  /** By the name in the credential scope: `sts`, `lambda` … */
  readonly services: Readonly<Record<string, OfferedService>>;
  readonly s3: S3;
  /** Functions' own addresses, `/lambda-url/…`, which anybody may call whom the function lets. */
  readonly functionUrls: Pick<FunctionUrlRequests, "handle">;
  readonly signatures: SignatureVerifier;
  readonly log: Log;
}

/** Bodies of all services but S3; past it a request is refused and its connection closed. Lambda's own limit is 6 MB. */
export const bodyBytesMax = 8 * 1024 * 1024;

/** Loopback only: the endpoint gives out credentials and runs code. */
const host = "127.0.0.1";

// Longer than the AWS SDKs keep an idle connection, so that it is they who close it.
const keepAliveTimeoutMs = 120_000;

/** How long `close` lets requests under way finish. */
const closeGraceMs = 2_000;

const noQuery = new URLSearchParams();

const scopedService = /Credential=[^/]+\/\d{8}\/[^/]+\/([^/]+)\//;
const presignedService =
  /[?&]X-Amz-Credential=[^&]+?(?:%2F|\/)\d{8}(?:%2F|\/)[^&]+?(?:%2F|\/)([a-z0-9-]+)(?:%2F|\/)aws4_request/;

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #server: Server;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => {
      void this.#serve(request, response);
    });
    // A client that breaks off, or speaks no HTTP, is its own affair.
    this.#server.on("clientError", (_error, socket) => socket.destroy());
  }

  /** @throws {Error} the port is taken (`EADDRINUSE`) */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port, backlog: 1_024 }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    this.#server.closeIdleConnections();
    const forced = setTimeout(() => {
      this.#server.closeAllConnections();
    }, closeGraceMs);
    await closed;
    clearTimeout(forced);
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const url = incoming.url ?? "/";
    const name =
      scopedService.exec(incoming.headers.authorization ?? "")?.[1] ?? presignedService.exec(url)?.[1] ?? "";
    const protocol = this.#protocolOf(name, incoming);
    try {
      await send(outgoing, await this.#answer(incoming, url, name, requestId), requestId, protocol);
    } catch (error) {
      await this.#sendError(incoming, outgoing, { error, protocol, requestId, name }).catch(() =>
        outgoing.destroy(),
      );
    }
  }

  #answer(incoming: IncomingMessage, url: string, name: string, requestId: string): Promise<ServiceResponse> {
    if (url.startsWith(functionUrlPath)) return this.#serveFunctionUrl(incoming, url, name, requestId);
    return name === "s3"
      ? this.#serveS3(incoming, url, requestId)
      : this.#serveOther(incoming, url, name, requestId);
  }

  /** Unsigned unless its function asks for a signature; one that is there must verify. */
  async #serveFunctionUrl(
    incoming: IncomingMessage,
    url: string,
    name: string,
    requestId: string,
  ): Promise<ServiceResponse> {
    const request = { ...headOf(incoming, url), body: await readBody(incoming) };
    const caller = name === "" ? undefined : this.#options.signatures.verify(request).caller;
    return this.#options.functionUrls.handle({ ...request, requestId }, caller);
  }

  async #serveOther(
    incoming: IncomingMessage,
    url: string,
    name: string,
    requestId: string,
  ): Promise<ServiceResponse> {
    const request = { ...headOf(incoming, url), body: await readBody(incoming) };
    const verified = this.#options.signatures.verify(request);
    const { services } = this.#options;
    const offered = Object.hasOwn(services, name) ? services[name] : undefined;
    if (offered === undefined) throw this.#notOffered(name);
    if (offered.isGlobal !== true) refuseUnlessRegion(verified.region);
    const service = await offered.serviceIn(verified.region);
    return service.handle({
      ...request,
      query: request.query === "" ? noQuery : new URLSearchParams(request.query),
      caller: verified.caller,
      requestId,
      region: verified.region,
    });
  }

  async #serveS3(incoming: IncomingMessage, url: string, requestId: string): Promise<ServiceResponse> {
    const head = headOf(incoming, url);
    const { caller, payloadHash, region } = this.#options.signatures.verify({ ...head, body: undefined });
    refuseUnlessRegion(region);
    return this.#options.s3.handle({
      ...head,
      region,
      query: new URLSearchParams(head.query),
      body: incoming,
      payloadHash,
      caller,
      requestId,
    });
  }

  #notOffered(name: string): ServiceError {
    const offered = [...Object.keys(this.#options.services), "s3"].sort().join(", ");
    return new ServiceError({
      code: "UnknownService",
      message: `dsql-local does not offer the service ${name}. It offers: ${offered}.`,
    });
  }

  /** For a service that is not offered, and for an unsigned request, the request's own form tells. */
  #protocolOf(name: string, incoming: IncomingMessage): Protocol {
    if (name === "s3") return "s3";
    const known = Object.hasOwn(this.#options.services, name) ? this.#options.services[name] : undefined;
    if (known !== undefined) return known.protocol;
    if (incoming.headers["x-amz-target"] !== undefined) return "json";
    return incoming.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true
      ? "query"
      : "restJson";
  }

  async #sendError(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    failed: { error: unknown; protocol: Protocol; requestId: string; name: string },
  ): Promise<void> {
    const { error, protocol, requestId, name } = failed;
    // The client has gone: nobody is left to answer, and nothing is wrong here.
    if (outgoing.destroyed || outgoing.socket?.destroyed !== false) return;
    let refusal = serviceErrorOf(error);
    if (refusal === undefined) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.log({ event: "cloud.defect", service: name, method: incoming.method, requestId, reason });
      refusal = new ServiceError({
        code: "InternalFailure",
        message: "The local endpoint failed; its log says why.",
        status: 500,
      });
    }
    if (outgoing.headersSent) {
      outgoing.destroy();
      return;
    }
    // What is left of an unread body would be taken for the next request.
    if (!incoming.complete) outgoing.setHeader("connection", "close");
    await send(outgoing, errorResponse(protocol, refusal, requestId), requestId, protocol);
  }
}

function refuseUnlessRegion(signed: string): void {
  if (regionPattern.test(signed)) return;
  throw new ServiceError({
    code: "InvalidSignatureException",
    message: `The request was signed for ${signed}, which is not the name of an AWS Region. Check AWS_REGION.`,
    status: 403,
  });
}

/** What comes before the body, as signatures are computed over it. */
function headOf(incoming: IncomingMessage, url: string) {
  const [path, query] = splitUrl(url);
  return { method: incoming.method ?? "GET", path, query, headers: incoming.headers };
}

function splitUrl(url: string): [path: string, query: string] {
  const question = url.indexOf("?");
  return question < 0 ? [url, ""] : [url.slice(0, question), url.slice(question + 1)];
}

function readBody(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyBytesMax) {
        chunks.push(chunk);
        return;
      }
      incoming.pause();
      reject(
        new ServiceError({
          code: "RequestEntityTooLargeException",
          message: `Request must be smaller than ${bodyBytesMax} bytes`,
          status: 413,
        }),
      );
    });
    incoming.on("end", () => {
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    incoming.on("error", reject);
  });
}

async function send(
  outgoing: ServerResponse,
  answer: ServiceResponse,
  requestId: string,
  protocol: Protocol,
): Promise<void> {
  const headers: Record<string, string | number | string[]> = { ...answer.headers };
  headers[protocol === "s3" ? "x-amz-request-id" : "x-amzn-requestid"] ??= requestId;
  const { body } = answer;
  if (body instanceof Readable) {
    outgoing.writeHead(answer.status, headers);
    await pipeline(body, outgoing);
    return;
  }
  // A HEAD's answer names the length of a body that does not follow.
  headers["content-length"] ??= body === undefined ? 0 : Buffer.byteLength(body);
  outgoing.writeHead(answer.status, headers);
  outgoing.end(body);
}
