/**
 * The HTTP endpoint: reads a request, finds its service, verifies who signed it, and writes the answer.
 *
 * Service and Region are those in the verified signature's credential scope, which every SDK fills in; host names are
 * not looked at. S3's bodies are handed on as streams; all others are read whole, once the signature over their hash is
 * known to be good.
 *
 * Always true
 * - It listens on loopback only.
 * - No service sees a request whose signature does not verify, and none sees anything of it that steers and was not
 *   signed: path and query are handed on as the signature covers them, and what is there twice is refused.
 * - Every request is answered, in the protocol of its service where that is known.
 *
 * This is the path of every Lambda invocation under load: what is done here is done thousands of times a second.
 */

import { randomUUID } from "node:crypto";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { listenOn, type Log, MemoryBudget, Newcomers, type PortChoice } from "@dsql-local/cluster";
import { carriesSignature, type QueryParameter, resolvePath, type SignatureClaim } from "@dsql-local/account";

import { errorResponse, serviceErrorOf, type Protocol } from "./error-response.ts";
import { httpApiPath, type HttpApiRequests } from "./http-api/index.ts";
import { functionUrlPath, type FunctionUrlRequests } from "./lambda/index.ts";
import { apiPath, type ObservationApi } from "./observation-api/index.ts";
import type { S3 } from "./s3/index.ts";
import { RequestBody } from "./request-body.ts";
import { regionPattern, ServiceError, type Service, type ServiceResponse } from "./service.ts";
import { refuseOtherBody, type SignatureVerifier, type VerifiedSignature } from "./signature.ts";

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
  /** HTTP APIs, `/http-api/…`, which are open: an Authorization header there is the application's. */
  readonly httpApis: Pick<HttpApiRequests, "handle">;
  readonly signatures: SignatureVerifier;
  /** What is under `/_dsql/`, which no AWS service is. */
  readonly observation?: ObservationApi | undefined;
  readonly log: Log;
  /** Connections that may wait without a verified request. */
  readonly newcomersMax?: number | undefined;
}

/**
 * Bodies in memory, over all requests: of those that are not known to be signed, which anybody can send, and of all the
 * others. Beyond it the request with the largest body is refused with 503, and SDKs send theirs again.
 */
const unsignedBytesMax = 64 * 1024 * 1024;
const signedBytesMax = 512 * 1024 * 1024;

/** Connections without a verified request. At the bound the one that has waited longest is closed. */
const newcomersMaxDefault = 4_000;

/** Loopback only: the endpoint gives out credentials and runs code. */
const host = "127.0.0.1";

// Longer than the AWS SDKs keep an idle connection, so that it is they who close it.
const keepAliveTimeoutMs = 120_000;

/** How long `close` lets requests under way finish. */
const closeGraceMs = 2_000;

const noQuery = new URLSearchParams();

/** Lists in a query: names that may come several times. Of any other name a reader could take the first or the last. */
const listParameters = new Set(["tagKeys"]);

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #server: Server;
  readonly #newcomers: Newcomers<Socket>;
  readonly #bodies = {
    unsigned: new MemoryBudget(unsignedBytesMax),
    signed: new MemoryBudget(signedBytesMax),
  };

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => {
      void this.#serve(request, response);
    });
    this.#newcomers = new Newcomers(options.newcomersMax ?? newcomersMaxDefault, (socket) => {
      socket.destroy();
    });
    this.#server.on("connection", (socket: Socket) => {
      this.#newcomers.add(socket);
      socket.once("close", () => {
        this.#newcomers.delete(socket);
      });
    });
    // A client that breaks off, or speaks no HTTP, is its own affair.
    this.#server.on("clientError", (_error, socket) => socket.destroy());
  }

  /** @throws {Error} the port is taken (`EADDRINUSE`) */
  async listen(port: PortChoice): Promise<number> {
    return await listenOn(this.#server, host, port);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    const left = this.#options.observation?.close();
    this.#server.closeIdleConnections();
    const forced = setTimeout(() => {
      this.#server.closeAllConnections();
    }, closeGraceMs);
    await closed;
    clearTimeout(forced);
    await left;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const url = incoming.url ?? "/";
    const { observation } = this.#options;
    if (observation !== undefined && url.startsWith(apiPath)) {
      await observation.handle(incoming, outgoing);
      return;
    }
    const whole = new RequestBody(incoming);
    try {
      const { answer, protocol } = await this.#answer({ incoming, whole, url, requestId });
      await send(outgoing, answer, requestId, protocol);
    } catch (error) {
      const name = claimedService(incoming, url);
      const protocol = this.#protocolOf(name, incoming);
      await this.#sendError(incoming, outgoing, { error, protocol, requestId, name }).catch(() =>
        outgoing.destroy(),
      );
    } finally {
      whole.close();
    }
  }

  async #answer({ incoming, whole, url, requestId }: ReceivedRequest): Promise<Answered> {
    refuseAmbiguity(incoming, url);
    const head = headOf(incoming, url);
    if (head.path.startsWith(httpApiPath)) {
      const request = { ...head, body: await whole.read(this.#bodies.unsigned), requestId };
      return { answer: await this.#options.httpApis.handle(request), protocol: "restJson" };
    }
    const isFunctionUrl = head.path.startsWith(functionUrlPath);
    if (isFunctionUrl && !carriesSignature(head)) {
      const request = { ...head, body: await whole.read(this.#bodies.unsigned), requestId };
      return { answer: await this.#options.functionUrls.handle(request, undefined), protocol: "restJson" };
    }
    const { signatures } = this.#options;
    const claim = signatures.read({ ...head, body: undefined });
    if (claim.scope.service === "s3") {
      const verified = signatures.verify(claim, { ...head, body: undefined });
      this.#newcomers.delete(incoming.socket);
      return { answer: await this.#serveS3(incoming, head, verified, requestId), protocol: "s3" };
    }
    const { verified, body } = await this.#verifyWithBody(whole, head, claim);
    this.#newcomers.delete(incoming.socket);
    if (isFunctionUrl && verified.service === "lambda") {
      // The signature does not tell `/a/../b` from `/b`, and the function would.
      if (/\/\.\.?(?:\/|$)/.test(head.path)) throw ambiguous("a path with `.` or `..` in it");
      const request = { ...head, body, requestId };
      return {
        answer: await this.#options.functionUrls.handle(request, verified.caller),
        protocol: "restJson",
      };
    }
    return this.#serveOther(head, body, verified, requestId);
  }

  /** A body is read before the signature is judged only where the signature covers it without naming its hash. */
  async #verifyWithBody(
    whole: RequestBody,
    head: RequestHead,
    claim: SignatureClaim,
  ): Promise<{ verified: VerifiedSignature; body: Buffer }> {
    const { signatures } = this.#options;
    if (claim.payloadHash === undefined) {
      const body = await whole.read(this.#bodies.unsigned);
      const verified = signatures.verify(claim, { ...head, body });
      whole.countIn(this.#bodies.signed);
      return { verified, body };
    }
    const verified = signatures.verify(claim, { ...head, body: undefined });
    const body = await whole.read(this.#bodies.signed);
    refuseOtherBody(verified.payloadHash, body);
    return { verified, body };
  }

  async #serveOther(
    head: RequestHead,
    body: Buffer,
    { service: name, region, caller, query }: VerifiedSignature,
    requestId: string,
  ): Promise<Answered> {
    const { services } = this.#options;
    const offered = Object.hasOwn(services, name) ? services[name] : undefined;
    if (offered === undefined) throw this.#notOffered(name);
    if (offered.isGlobal !== true) refuseUnlessRegion(region);
    const service = await offered.serviceIn(region);
    const path = resolvePath(head.path);
    const request = { ...head, path, body, query: parametersOf(query), caller, requestId, region };
    return { answer: await service.handle(request), protocol: offered.protocol };
  }

  async #serveS3(
    incoming: IncomingMessage,
    head: RequestHead,
    { caller, payloadHash, region, query }: VerifiedSignature,
    requestId: string,
  ): Promise<ServiceResponse> {
    refuseUnlessRegion(region);
    return this.#options.s3.handle({
      ...head,
      region,
      query: parametersOf(query),
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

/**
 * The service that a refused request meant, for the form of the refusal alone: nothing of it has been verified. It is taken
 * apart at its slashes: an expression with several runs in it takes a tenth of a second for a hostile URL.
 */
function claimedService({ headers }: IncomingMessage, url: string): string {
  const presigned = new URLSearchParams(splitUrl(url)[1]).get("X-Amz-Credential");
  const credential = presigned ?? /Credential=([^,\s]*)/.exec(headers.authorization ?? "")?.[1] ?? "";
  // <access key>/<date>/<Region>/<service>/aws4_request
  const service = credential.split("/").at(-2) ?? "";
  return /^[a-z0-9-]{1,64}$/.test(service) ? service : "";
}

/**
 * Of headers that steer, Node keeps the first or joins all, as it has been for each: a second one is refused, whoever
 * would have read it. The path is one of this host, not of another that an absolute URL names.
 */
function refuseAmbiguity({ rawHeaders }: IncomingMessage, url: string): void {
  if (!url.startsWith("/")) throw ambiguous("a request target that is not a path");
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    if (!name.startsWith("x-amz-") && !singleHeaders.has(name)) continue;
    if (seen.has(name)) throw ambiguous(`the header ${name} twice`);
    seen.add(name);
  }
}

const singleHeaders = new Set(["authorization", "content-type", "host"]);

function ambiguous(what: string): ServiceError {
  return new ServiceError({
    code: "IncompleteSignature",
    message: `The request has ${what}, which leaves open what was signed. Send it once and plainly.`,
  });
}

function parametersOf(query: readonly QueryParameter[]): URLSearchParams {
  if (query.length === 0) return noQuery;
  const seen = new Set<string>();
  for (const [name] of query) {
    if (seen.has(name) && !listParameters.has(name)) throw ambiguous(`the query parameter ${name} twice`);
    seen.add(name);
  }
  return new URLSearchParams(query.map(([name, value]): [string, string] => [name, value]));
}

interface ReceivedRequest {
  readonly incoming: IncomingMessage;
  /** Its body, for whoever reads that whole. */
  readonly whole: RequestBody;
  readonly url: string;
  readonly requestId: string;
}

interface Answered {
  readonly answer: ServiceResponse;
  readonly protocol: Protocol;
}

interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
}

/** What comes before the body, as signatures are computed over it. */
function headOf(incoming: IncomingMessage, url: string): RequestHead {
  const [path, query] = splitUrl(url);
  return { method: incoming.method ?? "GET", path, query, headers: incoming.headers };
}

function splitUrl(url: string): [path: string, query: string] {
  const question = url.indexOf("?");
  return question < 0 ? [url, ""] : [url.slice(0, question), url.slice(question + 1)];
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
