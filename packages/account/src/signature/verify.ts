/**
 * Judges a signed request: who says they sent it, and whether the signature, the time and the body bear that out.
 *
 * Two forms: the signature in the `Authorization` header, or in the query of a presigned URL. Whether the sender may do
 * what they ask is another question (IAM policies), asked afterwards.
 *
 * Always true
 * - Signatures and session tokens are compared in constant time.
 * - A verdict names a reason and the times or names that explain it, never a secret, a signature or a session token.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
 * Tests: verify.test.ts.
 */
import { timingSafeEqual } from "node:crypto";

import {
  type QueryParameter,
  type SigningCredential,
  type SigningKeys,
  type SigningScope,
  amzDate,
  canonicalPath,
  canonicalRequest,
  emptyPayloadHash,
  parseAmzDate,
  payloadHash,
  presignedExpirySecondsMax,
  signature,
  signatureAlgorithm,
  stringToSign,
  unsignedPayload,
} from "./sign.ts";

/** A request as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  /** Percent-encoded, without the question mark. */
  readonly query: string;
  /** Lower-case names, as Node delivers them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The whole body, or undefined where it is not at hand: then `x-amz-content-sha256` is taken at its word. */
  readonly body?: Uint8Array | undefined;
}

export interface VerificationOptions {
  /** The credential of an access key; undefined where nobody has it. */
  readonly find: (
    accessKeyId: string,
  ) => (SigningCredential & { readonly expiresAtMs?: number | undefined }) | undefined;
  readonly signingKeys: SigningKeys;
  readonly nowMs: number;
  /** When given, a signature for another region or service is refused. */
  readonly region?: string | undefined;
  readonly service?: string | undefined;
  /** How far the sender's clock may be off. AWS: 5 minutes; S3: 15. */
  readonly clockSkewMsMax?: number | undefined;
}

export type SignatureFailure =
  | "missing" // no signature at all
  | "malformed" // there is one, but a part is absent, doubled or not of its form
  | "unknown-access-key"
  | "wrong-scope" // signed for another region, service or day
  | "expired" // signed too long ago, or the presigned URL's time is over
  | "not-yet-valid" // signed in the future
  | "credential-expired"
  | "wrong-session-token"
  | "wrong-payload" // the body is not the one that was signed, or the signature leaves it open where it may not
  | "unsigned-header" // an x-amz-… header that the signature does not cover
  | "wrong-signature";

export type SignatureVerdict =
  | {
      readonly ok: true;
      readonly accessKeyId: string;
      readonly scope: SigningScope;
      readonly signedAtMs: number;
      /** Of presigned requests: seconds it is good for. */
      readonly expiresInSeconds?: number;
      /** What the signature says of the body: a SHA-256 in hex, `UNSIGNED-PAYLOAD` or a `STREAMING-…` marker. */
      readonly payloadHash: string;
      /** The query as the signature covers it, decoded: nobody has to read it a second time, and otherwise. */
      readonly query: readonly QueryParameter[];
    }
  | SignatureRefusal;

export interface SignatureRefusal {
  readonly ok: false;
  readonly failure: SignatureFailure;
  readonly explanation: string;
}

/** What a request claims, before anything of it is believed. */
export interface SignatureClaim {
  readonly ok: true;
  readonly accessKeyId: string;
  readonly scope: SigningScope;
  readonly signedAt: string;
  readonly signedAtMs: number;
  readonly expiresInSeconds: number | undefined;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken: string | undefined;
  /** Undefined where the request does not say: then the signature covers the hash of the body as it came. */
  readonly payloadHash: string | undefined;
  /** Without `X-Amz-Signature`. */
  readonly query: readonly QueryParameter[];
}

class Refusal extends Error {
  readonly failure: SignatureFailure;

  constructor(failure: SignatureFailure, explanation: string) {
    super(explanation);
    this.failure = failure;
  }
}

const clockSkewMsDefault = 5 * 60 * 1000;

/** Query parameters or signed headers beyond this are no request of an SDK. */
const queryParametersMax = 1_000;

/** Any of these makes a query one that is signed, or that pretends to be. */
const querySignatureParts = new Set([
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Signature",
  "X-Amz-SignedHeaders",
]);

/** Whether there is a signature at all, good or bad: a request of somebody who says who they are. */
export function carriesSignature({ query, headers }: Pick<SignedRequest, "query" | "headers">): boolean {
  if (String(headers["authorization"] ?? "").startsWith("AWS4-")) return true;
  return [...new URLSearchParams(query).keys()].some((name) => querySignatureParts.has(name));
}

function isQuerySigned(query: readonly QueryParameter[]): boolean {
  return query.some(([name]) => querySignatureParts.has(name));
}

/**
 * Reads the one signature of a request, in either form, and believes nothing of it yet. A request with two of them is
 * refused: whoever judged the one and acted on the other would let the sender of one be somebody else.
 */
export function readSignature(request: SignedRequest): SignatureClaim | SignatureRefusal {
  return refusals(() => {
    const query = parseQuery(request.query);
    if (!isQuerySigned(query)) return headerClaim(request, query);
    if (header(request, "authorization") === undefined) return presignedClaim(request, query);
    throw new Refusal(
      "malformed",
      "the request is signed twice, by its query and by its Authorization header; only one is allowed",
    );
  });
}

/** Judges a signature that was read from the same request. */
export function verifySignature(
  claim: SignatureClaim,
  request: SignedRequest,
  options: VerificationOptions,
): SignatureVerdict {
  return refusals(() => {
    const covered = claim.payloadHash ?? payloadHash(request.body ?? new Uint8Array());
    verifyClaim({ ...claim, payloadHash: covered }, request, options);
    return {
      ok: true,
      accessKeyId: claim.accessKeyId,
      scope: claim.scope,
      signedAtMs: claim.signedAtMs,
      ...(claim.expiresInSeconds === undefined ? {} : { expiresInSeconds: claim.expiresInSeconds }),
      payloadHash: covered,
      query: claim.query,
    };
  });
}

/** Reads and judges. */
export function verifyRequest(request: SignedRequest, options: VerificationOptions): SignatureVerdict {
  const claim = readSignature(request);
  return claim.ok ? verifySignature(claim, request, options) : claim;
}

function refusals<Result>(judge: () => Result): Result | SignatureRefusal {
  try {
    return judge();
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, failure: error.failure, explanation: error.message };
    throw error;
  }
}

/**
 * Splits and decodes a query as it is on the wire.
 *
 * @throws {Refusal} `malformed` for broken percent-encoding or too many parameters
 */
function parseQuery(wireQuery: string): QueryParameter[] {
  if (wireQuery === "") return [];
  const texts = wireQuery.split("&", queryParametersMax + 1).filter((text) => text !== "");
  if (texts.length > queryParametersMax) throw new Refusal("malformed", "the query has too many parameters");
  return texts.map((text) => {
    const equals = text.indexOf("=");
    return equals < 0 ? [decode(text), ""] : [decode(text.slice(0, equals)), decode(text.slice(equals + 1))];
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal("malformed", "the query is not valid percent-encoding");
  }
}

function headerClaim(request: SignedRequest, query: readonly QueryParameter[]): SignatureClaim {
  const authorization = header(request, "authorization");
  if (authorization === undefined) throw new Refusal("missing", "the request is not signed");
  const fields = parseAuthorization(authorization);
  const signedAt = header(request, "x-amz-date");
  if (signedAt === undefined) throw new Refusal("malformed", "the X-Amz-Date header is missing");
  return {
    ok: true,
    ...parseCredential(fields.credential),
    ...parseSignedAt(signedAt),
    expiresInSeconds: undefined,
    signedHeaders: parseSignedHeaders(fields.signedHeaders),
    signature: fields.signature,
    sessionToken: header(request, "x-amz-security-token"),
    payloadHash: header(request, "x-amz-content-sha256"),
    query,
  };
}

function parseAuthorization(text: string): { credential: string; signedHeaders: string; signature: string } {
  const [algorithm, rest = ""] = splitOnce(text.trim(), " ");
  if (algorithm !== signatureAlgorithm) {
    throw new Refusal("malformed", `the Authorization header must begin with ${signatureAlgorithm}`);
  }
  const fields = new Map<string, string>();
  for (const field of rest.split(",")) {
    const [name, value] = splitOnce(field.trim(), "=");
    if (value === undefined || fields.has(name)) {
      throw new Refusal("malformed", "the Authorization header is not a list of distinct name=value fields");
    }
    fields.set(name, value);
  }
  const field = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw new Refusal("malformed", `the Authorization header has no ${name}`);
    return value;
  };
  return {
    credential: field("Credential"),
    signedHeaders: field("SignedHeaders"),
    signature: field("Signature"),
  };
}

function presignedClaim(request: SignedRequest, query: readonly QueryParameter[]): SignatureClaim {
  const parameters = new Map<string, string>();
  for (const [name, value] of query) {
    if (!name.startsWith("X-Amz-")) continue;
    if (parameters.has(name)) throw new Refusal("malformed", `the query parameter ${name} is given twice`);
    parameters.set(name, value);
  }
  const parameter = (name: string): string => {
    const value = parameters.get(name);
    if (value === undefined) throw new Refusal("malformed", `the query parameter ${name} is missing`);
    return value;
  };
  if (parameter("X-Amz-Algorithm") !== signatureAlgorithm) {
    throw new Refusal("malformed", `X-Amz-Algorithm must be ${signatureAlgorithm}`);
  }
  const credential = parseCredential(parameter("X-Amz-Credential"));
  return {
    ok: true,
    ...credential,
    ...parseSignedAt(parameter("X-Amz-Date")),
    expiresInSeconds: parseExpires(parameter("X-Amz-Expires")),
    signedHeaders: parseSignedHeaders(parameter("X-Amz-SignedHeaders")),
    signature: parameter("X-Amz-Signature"),
    sessionToken: parameters.get("X-Amz-Security-Token"),
    // S3 leaves the body of a presigned request open; everywhere else it must be empty unless a header says otherwise.
    payloadHash:
      header(request, "x-amz-content-sha256") ??
      parameters.get("X-Amz-Content-Sha256") ??
      (credential.scope.service === "s3" ? unsignedPayload : emptyPayloadHash),
    query: query.filter(([name]) => name !== "X-Amz-Signature"),
  };
}

function parseCredential(text: string): { accessKeyId: string; scope: SigningScope } {
  const [accessKeyId, date, region, service, terminator, ...rest] = text.split("/");
  const isWhole =
    accessKeyId && date && region && service && terminator === "aws4_request" && rest.length === 0;
  if (!isWhole || !/^\d{8}$/.test(date)) {
    throw new Refusal("malformed", "the credential is not <key>/<yyyymmdd>/<region>/<service>/aws4_request");
  }
  return { accessKeyId, scope: { date, region, service } };
}

function parseSignedAt(text: string): { signedAt: string; signedAtMs: number } {
  const signedAtMs = parseAmzDate(text);
  if (signedAtMs === undefined)
    throw new Refusal("malformed", "X-Amz-Date is not of the form yyyymmddThhmmssZ");
  return { signedAt: text, signedAtMs };
}

function parseExpires(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > presignedExpirySecondsMax) {
    throw new Refusal("malformed", `X-Amz-Expires must be from 1 to ${presignedExpirySecondsMax} seconds`);
  }
  return seconds;
}

function parseSignedHeaders(text: string): readonly string[] {
  const names = text.split(";");
  const isCanonical = names.every(
    (name, at) => name === name.toLowerCase() && (at === 0 || (names[at - 1] ?? "") < name),
  );
  if (!isCanonical)
    throw new Refusal("malformed", "SignedHeaders must be distinct lower-case names in order");
  if (!names.includes("host")) throw new Refusal("malformed", "the host header must be signed");
  return names;
}

/** A claim whose payload hash is known. */
type Claim = SignatureClaim & { readonly payloadHash: string };

/** The order matters only for the reason given: the signature is judged before anything it might reveal. */
function verifyClaim(claim: Claim, request: SignedRequest, options: VerificationOptions): void {
  const credential = options.find(claim.accessKeyId);
  if (credential === undefined) throw new Refusal("unknown-access-key", "nobody has this access key");
  verifyScope(claim, options);
  if (!equalsInConstantTime(claim.sessionToken ?? "", credential.sessionToken ?? "")) {
    throw new Refusal("wrong-session-token", "the session token does not belong to the access key");
  }
  verifyCoverage(claim, request);
  verifyHash(claim, request, credential, options.signingKeys);
  verifyTime(claim, options);
  if (credential.expiresAtMs !== undefined && options.nowMs >= credential.expiresAtMs) {
    throw new Refusal("credential-expired", "the temporary credential has expired");
  }
  verifyBody(claim, request);
}

function verifyScope({ scope, signedAt }: Claim, { region, service }: VerificationOptions): void {
  if (region !== undefined && scope.region !== region) {
    throw new Refusal("wrong-scope", `signed for region ${scope.region}, expected ${region}`);
  }
  if (service !== undefined && scope.service !== service) {
    throw new Refusal("wrong-scope", `signed for service ${scope.service}, expected ${service}`);
  }
  if (!signedAt.startsWith(scope.date)) {
    throw new Refusal("wrong-scope", "the credential's date is not the day of X-Amz-Date");
  }
}

/**
 * What steers a request has to be signed. Left out are the headers that the signature covers by another way: the
 * payload hash stands in the canonical request, and of a header's signature the date in what is signed, the session
 * token beside the secret key.
 */
function verifyCoverage(claim: Claim, request: SignedRequest): void {
  const isPresigned = claim.expiresInSeconds !== undefined;
  const open = Object.keys(request.headers).filter((name) => {
    if (!name.startsWith("x-amz-") || name === "x-amz-content-sha256") return false;
    if (!isPresigned && (name === "x-amz-date" || name === "x-amz-security-token")) return false;
    return request.headers[name] !== undefined && !claim.signedHeaders.includes(name);
  });
  if (open.length === 0) return;
  throw new Refusal(
    "unsigned-header",
    `There were headers present in the request which were not signed: ${open.join(", ")}`,
  );
}

function verifyHash(
  claim: Claim,
  request: SignedRequest,
  credential: SigningCredential,
  keys: SigningKeys,
): void {
  const headers: Record<string, string> = {};
  for (const name of claim.signedHeaders) {
    const value = header(request, name);
    if (value === undefined) throw new Refusal("malformed", `the signed header ${name} is missing`);
    headers[name] = value;
  }
  const canonical = canonicalRequest({
    method: request.method,
    path: canonicalPath(request.path, claim.scope.service),
    query: claim.query,
    headers,
    payloadHash: claim.payloadHash,
  });
  const key = keys.get(credential.secretAccessKey, claim.scope);
  const expected = signature(key, stringToSign(claim.signedAt, claim.scope, canonical));
  if (!equalsInConstantTime(claim.signature, expected)) {
    throw new Refusal("wrong-signature", "the signature is not that of this request and access key");
  }
}

function verifyTime(claim: Claim, options: VerificationOptions): void {
  const { nowMs } = options;
  const skewMs = options.clockSkewMsMax ?? clockSkewMsDefault;
  if (claim.signedAtMs > nowMs + skewMs) {
    throw new Refusal(
      "not-yet-valid",
      `Signature not yet current: ${claim.signedAt} is still later than ${amzDate(nowMs + skewMs)} ` +
        `(${amzDate(nowMs)} + ${minutes(skewMs)} min.)`,
    );
  }
  const lifetimeMs = claim.expiresInSeconds === undefined ? skewMs : claim.expiresInSeconds * 1000;
  if (nowMs > claim.signedAtMs + lifetimeMs) {
    throw new Refusal(
      "expired",
      `Signature expired: ${claim.signedAt} is now earlier than ${amzDate(nowMs - lifetimeMs)} ` +
        `(${amzDate(nowMs)} - ${minutes(lifetimeMs)} min.)`,
    );
  }
}

function minutes(ms: number): number {
  return Math.floor(ms / 60_000);
}

/**
 * `UNSIGNED-PAYLOAD` and `STREAMING-…` say nothing about the body as it came; everything else is its SHA-256.
 * Only S3 takes them: elsewhere the body says what is to be done, and has to be signed.
 */
function verifyBody(claim: Claim, request: SignedRequest): void {
  const marker = claim.payloadHash;
  if (marker === unsignedPayload || marker.startsWith("STREAMING-")) {
    if (claim.scope.service === "s3") return;
    throw new Refusal(
      "wrong-payload",
      `x-amz-content-sha256 must be the SHA-256 of the body: only S3 takes ${marker}`,
    );
  }
  if (request.body === undefined) return;
  if (!equalsInConstantTime(marker.toLowerCase(), payloadHash(request.body))) {
    throw new Refusal("wrong-payload", "the body does not have the SHA-256 that was signed");
  }
}

function header(request: SignedRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "object" ? value.join(",") : value;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Takes the same time wherever the texts first differ. Their lengths are no secret. */
function equalsInConstantTime(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.length === rightBytes.length && timingSafeEqual(leftBytes, rightBytes);
}
