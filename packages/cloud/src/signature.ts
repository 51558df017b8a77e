/**
 * Who signed a request to the endpoint.
 *
 * A signing key costs four hashes and is good for a day, so keys are kept by credential, date, region and service; the
 * signature of an ordinary request then costs three hashes.
 */

import {
  payloadHash,
  type QueryParameter,
  readSignature,
  type SignatureClaim,
  type SignatureFailure,
  SigningKeys,
  verifySignature,
} from "@dsql-local/account";
import type { Identities } from "@dsql-local/account";
import type { IncomingHttpHeaders } from "node:http";

import { ServiceError, type Caller } from "./service.ts";

export interface SignedHttpRequest {
  readonly method: string;
  /** Percent-encoded, without the query. */
  readonly path: string;
  /** Percent-encoded, without the question mark. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** `undefined` for a body that is still to be read: its reader compares the hash. */
  readonly body: Buffer | undefined;
}

export interface VerifiedSignature {
  readonly caller: Caller;
  readonly region: string;
  readonly service: string;
  /** A SHA-256 in hex, `UNSIGNED-PAYLOAD`, or a `STREAMING-…` marker. */
  readonly payloadHash: string;
  /** As it was signed; names and values decoded. */
  readonly query: readonly QueryParameter[];
}

// S3 allows 15 minutes, the other services 5. One machine has one clock, so the difference matters to nobody here.
const clockSkewMsMax = 15 * 60 * 1_000;

/** Keys of as many credentials as sign within a day; the least recently used one is dropped. */
const signingKeysMax = 2_000;

export class SignatureVerifier {
  readonly #identities: Identities;
  readonly #signingKeys = new SigningKeys(signingKeysMax);

  constructor(identities: Identities) {
    this.#identities = identities;
  }

  /**
   * What a request says of its signature. It decides how the request is read, and nothing else: what is done is decided
   * by `verify`, from the same claim.
   *
   * @throws {ServiceError} there is none, or two, or nobody has its key
   */
  read(request: SignedHttpRequest): SignatureClaim {
    const claim = readSignature(request);
    if (!claim.ok) throw refusalOf(claim.failure, claim.explanation);
    if (this.#identities.find(claim.accessKeyId) === undefined) throw refusalOf("unknown-access-key", "");
    return claim;
  }

  /** @throws {ServiceError} in the words AWS has for each kind of refusal */
  verify(claim: SignatureClaim, request: SignedHttpRequest): VerifiedSignature {
    const verdict = verifySignature(claim, request, {
      find: (accessKeyId) => this.#identities.find(accessKeyId),
      signingKeys: this.#signingKeys,
      nowMs: Date.now(),
      clockSkewMsMax,
    });
    if (!verdict.ok) throw refusalOf(verdict.failure, verdict.explanation);
    const credential = this.#identities.find(verdict.accessKeyId);
    if (credential === undefined) throw refusalOf("unknown-access-key", "");
    return {
      caller: {
        accessKeyId: credential.accessKeyId,
        principalArn: credential.principalArn,
        callerArn: credential.callerArn,
      },
      region: verdict.scope.region,
      service: verdict.scope.service,
      payloadHash: verdict.payloadHash,
      query: verdict.query,
    };
  }
}

/** @throws {ServiceError} the body is not the one whose hash was signed */
export function refuseOtherBody(signedHash: string, body: Buffer): void {
  if (signedHash.toLowerCase() === payloadHash(body)) return;
  throw refusalOf("wrong-payload", "the body does not have the SHA-256 that was signed");
}

const refusals: Readonly<Record<SignatureFailure, { readonly code: string; readonly message: string }>> = {
  missing: {
    code: "MissingAuthenticationToken",
    message: "Request is missing Authentication Token",
  },
  malformed: { code: "IncompleteSignature", message: "" },
  "unknown-access-key": {
    code: "InvalidClientTokenId",
    message: "The security token included in the request is invalid.",
  },
  "wrong-scope": { code: "SignatureDoesNotMatch", message: "" },
  expired: { code: "SignatureDoesNotMatch", message: "" },
  "not-yet-valid": { code: "SignatureDoesNotMatch", message: "" },
  "credential-expired": {
    code: "ExpiredToken",
    message: "The security token included in the request is expired",
  },
  "wrong-session-token": {
    code: "InvalidClientTokenId",
    message: "The security token included in the request is invalid.",
  },
  "wrong-payload": { code: "SignatureDoesNotMatch", message: "" },
  // S3's code, and the only one that AWS has for it.
  "unsigned-header": { code: "AccessDenied", message: "" },
  "wrong-signature": {
    code: "SignatureDoesNotMatch",
    message:
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
  },
};

function refusalOf(failure: SignatureFailure, explanation: string): ServiceError {
  const { code, message } = refusals[failure];
  const hint =
    failure === "unknown-access-key"
      ? " The access key is not one of the local account; run `dsql env` to see its keys."
      : "";
  return new ServiceError({ code, message: (message === "" ? explanation : message) + hint, status: 403 });
}
