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
 * Tests: signature-v4-verification.test.ts.
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
} from "./signature-v4.ts";

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
  | "wrong-payload" // the body is not the one that was signed
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
    }
  | { readonly ok: false; readonly failure: SignatureFailure; readonly explanation: string };

/** What a request claims, before anything of it is believed. */
interface Claim {
  readonly accessKeyId: string;
  readonly scope: SigningScope;
  readonly signedAt: string;
  readonly signedAtMs: number;
  readonly expiresInSeconds: number | undefined;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken: string | undefined;
  readonly payloadHash: string;
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

/** Verifies either form: a presigned query when `X-Amz-Signature` or `X-Amz-Algorithm` is in it, else the header. */
export function verifyRequest(request: SignedRequest, options: VerificationOptions): SignatureVerdict {
  try {
    const query = parseQuery(request.query);
    const isPresigned = query.some(([name]) => name === "X-Amz-Signature" || name === "X-Amz-Algorithm");
    const claim = isPresigned ? presignedClaim(request, query) : headerClaim(request, query);
    verifyClaim(claim, request, options);
    return {
      ok: true,
      accessKeyId: claim.accessKeyId,
      scope: claim.scope,
      signedAtMs: claim.signedAtMs,
      ...(claim.expiresInSeconds === undefined ? {} : { expiresInSeconds: claim.expiresInSeconds }),
      payloadHash: claim.payloadHash,
    };
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

function headerClaim(request: SignedRequest, query: readonly QueryParameter[]): Claim {
  const authorization = header(request, "authorization");
  if (authorization === undefined) throw new Refusal("missing", "the request is not signed");
  const fields = parseAuthorization(authorization);
  const signedAt = header(request, "x-amz-date");
  if (signedAt === undefined) throw new Refusal("malformed", "the X-Amz-Date header is missing");
  return {
    ...parseCredential(fields.credential),
    ...parseSignedAt(signedAt),
    expiresInSeconds: undefined,
    signedHeaders: parseSignedHeaders(fields.signedHeaders),
    signature: fields.signature,
    sessionToken: header(request, "x-amz-security-token"),
    payloadHash: claimedPayloadHash(request),
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

function presignedClaim(request: SignedRequest, query: readonly QueryParameter[]): Claim {
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

function claimedPayloadHash(request: SignedRequest): string {
  return header(request, "x-amz-content-sha256") ?? payloadHash(request.body ?? new Uint8Array());
}

/** The order matters only for the reason given: the signature is judged before anything it might reveal. */
function verifyClaim(claim: Claim, request: SignedRequest, options: VerificationOptions): void {
  const credential = options.find(claim.accessKeyId);
  if (credential === undefined) throw new Refusal("unknown-access-key", "nobody has this access key");
  verifyScope(claim, options);
  if (!equalsInConstantTime(claim.sessionToken ?? "", credential.sessionToken ?? "")) {
    throw new Refusal("wrong-session-token", "the session token does not belong to the access key");
  }
  verifySignature(claim, request, credential, options.signingKeys);
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

function verifySignature(
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

/** `UNSIGNED-PAYLOAD` and `STREAMING-…` say nothing about the body as it came; everything else is its SHA-256. */
function verifyBody(claim: Claim, request: SignedRequest): void {
  const marker = claim.payloadHash;
  if (request.body === undefined || marker === unsignedPayload || marker.startsWith("STREAMING-")) return;
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
