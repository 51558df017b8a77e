/**
 * AWS Signature Version 4: how a request proves who sent it. Pure functions over strings and bytes.
 *
 * This file builds and signs; `verify.ts` judges. Three parties share it: the cluster (a token is a
 * presigned URL), the local AWS endpoint (signed HTTP requests) and the load generator (many signatures a second).
 *
 * Always true
 * - What is canonicalised is the request as it is on the wire: path and query still percent-encoded.
 * - Nothing here reads a clock; the time is an argument.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * Tests: sign.test.ts, against the signers of the AWS SDK.
 */
import { createHmac, hash } from "node:crypto";

export const signatureAlgorithm = "AWS4-HMAC-SHA256";

/** Payload hash of a request whose body is not covered by the signature. */
export const unsignedPayload = "UNSIGNED-PAYLOAD";

export const emptyPayloadHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** One week: the service refuses presigned requests that ask for more. */
export const presignedExpirySecondsMax = 604_800;

const scopeTerminator = "aws4_request";

/** What a signing key is good for: one day, one region, one service. */
export interface SigningScope {
  /** `yyyymmdd`, UTC. */
  readonly date: string;
  readonly region: string;
  /** The signing name, which is not always the endpoint's: `dsql`, `lambda`, `s3`. */
  readonly service: string;
}

export interface SigningCredential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export type QueryParameter = readonly [name: string, value: string];

/** The parts of a request that a signature covers, ready to be written down in canonical form. */
export interface CanonicalParts {
  readonly method: string;
  /** From `canonicalPath`. */
  readonly path: string;
  /** Decoded names and values; `canonicalQuery` encodes and sorts them. */
  readonly query: readonly QueryParameter[];
  /** The signed headers only: lower-case name to value. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadHash: string;
}

/** A request about to be signed. Header names may be in any case; `host` must be among them. */
export interface RequestToSign {
  readonly method: string;
  /** As it goes on the wire: percent-encoded, without the query. */
  readonly path: string;
  readonly query?: readonly QueryParameter[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** From `payloadHash`, or `unsignedPayload`. */
  readonly payloadHash: string;
}

export interface SignerOptions {
  readonly credential: SigningCredential;
  readonly region: string;
  readonly service: string;
}

export function payloadHash(body: string | Uint8Array): string {
  return body.length === 0 ? emptyPayloadHash : hash("sha256", body);
}

/** RFC 3986: everything but letters, digits and `-._~`. `encodeURIComponent` leaves five characters more. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The path as the signature sees it. Every service but S3 resolves dots and empty segments and encodes the wire path
 * once more; S3's keys may contain both, so its path is the wire path, its encoding made uniform.
 */
export function canonicalPath(wirePath: string, service: string): string {
  if (service === "s3") return wirePath.split("/").map(reencode).join("/") || "/";
  return resolvePath(wirePath).split("/").map(encodeRfc3986).join("/");
}

/** A path without dots and empty segments: all that a signature of a service other than S3 tells apart. */
export function resolvePath(wirePath: string): string {
  if (!unresolved.test(wirePath)) return wirePath;
  const segments: string[] = [];
  for (const segment of wirePath.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(segment);
  }
  if (segments.length === 0) return "/";
  return `/${segments.join("/")}${wirePath.endsWith("/") ? "/" : ""}`;
}

const unresolved = /^(?!\/)|\/\/|\/\.\.?(?:\/|$)/;

function reencode(segment: string): string {
  try {
    return encodeRfc3986(decodeURIComponent(segment));
  } catch {
    return segment; // not valid percent-encoding: there is no other form than the one sent
  }
}

export function canonicalQuery(query: readonly QueryParameter[]): string {
  if (query.length === 0) return "";
  // By name and then by value, after encoding. Sorting whole `name=value` texts would put `a-b=` before `a=`.
  return query
    .map(([name, value]): QueryParameter => [encodeRfc3986(name), encodeRfc3986(value)])
    .sort((left, right) => compare(left[0], right[0]) || compare(left[1], right[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

export function canonicalRequest(parts: CanonicalParts): string {
  const names = Object.keys(parts.headers).sort();
  const headers = names
    .map((name) => `${name}:${canonicalHeaderValue(parts.headers[name] ?? "")}\n`)
    .join("");
  return [
    parts.method,
    parts.path,
    canonicalQuery(parts.query),
    headers,
    names.join(";"),
    parts.payloadHash,
  ].join("\n");
}

function canonicalHeaderValue(value: string): string {
  return value.trim().replace(/\s+/g, " ");
}

/** @returns `<date>/<region>/<service>/aws4_request` */
export function scopeText(scope: SigningScope): string {
  return `${scope.date}/${scope.region}/${scope.service}/${scopeTerminator}`;
}

export function stringToSign(signedAt: string, scope: SigningScope, canonical: string): string {
  return `${signatureAlgorithm}\n${signedAt}\n${scopeText(scope)}\n${hash("sha256", canonical)}`;
}

/** Four keyed hashes. Callers who sign or verify often keep the result in `SigningKeys`. */
export function deriveSigningKey(secretAccessKey: string, scope: SigningScope): Buffer {
  const dateKey = hmac(`AWS4${secretAccessKey}`, scope.date);
  const regionKey = hmac(dateKey, scope.region);
  const serviceKey = hmac(regionKey, scope.service);
  return hmac(serviceKey, scopeTerminator);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

export function signature(signingKey: Buffer, toSign: string): string {
  return createHmac("sha256", signingKey).update(toSign).digest("hex");
}

/** Signing keys by secret and scope. At the bound the one used least recently goes. */
export class SigningKeys {
  readonly #entriesMax: number;
  readonly #keys = new Map<string, Buffer>();

  constructor(entriesMax = 1_000) {
    this.#entriesMax = entriesMax;
  }

  get(secretAccessKey: string, scope: SigningScope): Buffer {
    const name = `${secretAccessKey} ${scopeText(scope)}`;
    const kept = this.#keys.get(name);
    if (kept !== undefined) this.#keys.delete(name);
    const key = kept ?? deriveSigningKey(secretAccessKey, scope);
    this.#keys.set(name, key);
    if (this.#keys.size > this.#entriesMax) {
      const [oldest] = this.#keys.keys();
      if (oldest !== undefined) this.#keys.delete(oldest);
    }
    return key;
  }
}

/** @returns `yyyymmddThhmmssZ`, as in `X-Amz-Date` */
export function amzDate(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

/** @returns milliseconds since 1970, or undefined where the text is not a moment written as `yyyymmddThhmmssZ` */
export function parseAmzDate(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  return amzDate(ms) === text ? ms : undefined; // the 31st of February is not a moment
}

/**
 * Signs requests of one credential to one service. Keeps the day's signing key and the second's date, so that a signature
 * costs two hashes.
 */
export class RequestSigner {
  readonly #options: SignerOptions;
  #second = -1;
  #signedAt = "";
  #scope: SigningScope;
  #key: Buffer = Buffer.alloc(0);

  constructor(options: SignerOptions) {
    this.#options = options;
    this.#scope = { date: "", region: options.region, service: options.service };
  }

  /** @returns the headers to send: those given (names in lower case), the date, the session token, the authorization */
  signHeaders(request: RequestToSign, nowMs: number): Record<string, string> {
    this.#moveTo(nowMs);
    const { credential, service } = this.#options;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
    headers["x-amz-date"] = this.#signedAt;
    headers["x-amz-content-sha256"] = request.payloadHash;
    if (credential.sessionToken !== undefined) headers["x-amz-security-token"] = credential.sessionToken;

    const canonical = canonicalRequest({
      method: request.method,
      path: canonicalPath(request.path, service),
      query: request.query ?? [],
      headers,
      payloadHash: request.payloadHash,
    });
    const signed = signature(this.#key, stringToSign(this.#signedAt, this.#scope, canonical));
    headers["authorization"] =
      `${signatureAlgorithm} Credential=${credential.accessKeyId}/${scopeText(this.#scope)}, ` +
      `SignedHeaders=${Object.keys(headers).sort().join(";")}, Signature=${signed}`;
    return headers;
  }

  /** @returns the query of the presigned URL, encoded, `X-Amz-Signature` last */
  presignQuery(request: RequestToSign, options: { nowMs: number; expiresInSeconds: number }): string {
    this.#moveTo(options.nowMs);
    const { credential, service } = this.#options;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
    const query: QueryParameter[] = [
      ...(request.query ?? []),
      ["X-Amz-Algorithm", signatureAlgorithm],
      ["X-Amz-Credential", `${credential.accessKeyId}/${scopeText(this.#scope)}`],
      ["X-Amz-Date", this.#signedAt],
      ["X-Amz-Expires", String(options.expiresInSeconds)],
      ["X-Amz-SignedHeaders", Object.keys(headers).sort().join(";")],
    ];
    if (credential.sessionToken !== undefined) query.push(["X-Amz-Security-Token", credential.sessionToken]);

    const canonical = canonicalRequest({
      method: request.method,
      path: canonicalPath(request.path, service),
      query,
      headers,
      payloadHash: request.payloadHash,
    });
    const signed = signature(this.#key, stringToSign(this.#signedAt, this.#scope, canonical));
    return `${canonicalQuery(query)}&X-Amz-Signature=${signed}`;
  }

  #moveTo(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === this.#second) return;
    this.#second = second;
    this.#signedAt = amzDate(second * 1000);
    const date = this.#signedAt.slice(0, 8);
    if (date === this.#scope.date) return;
    this.#scope = { ...this.#scope, date };
    this.#key = deriveSigningKey(this.#options.credential.secretAccessKey, this.#scope);
  }
}
