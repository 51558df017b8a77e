/**
 * Tokens: who connects, proven by a signature instead of a password.
 *
 * A token is a presigned URL without its scheme. Verifying one takes 25 µs with the administrator's key and 50 µs with a
 * role's, whose policies are looked at: most of it is hashing. The signing key of a day is kept.
 *
 * The client always hears the same text. The service gives a reason in the HINT for an expired token, one of the wrong
 * action, and a principal whom IAM does not allow it, so we do too; the log gets every reason, without the token.
 *
 * Source: Aurora DSQL User Guide, "Generating an authentication token in Amazon Aurora DSQL".
 * Tests: token.test.ts, against the tokens of @aws-sdk/dsql-signer.
 */
import {
  type Credential,
  type Identities,
  type Policy,
  RequestSigner,
  type SignatureVerdict,
  SigningKeys,
  emptyPayloadHash,
  verifyRequest,
} from "@dsql-local/account";
import {
  accessDeniedHints,
  type ConnectAction,
  connectActionFor,
  errors,
  signingService,
  tokenExpirySecondsDefault,
  tokenExpirySecondsMax,
} from "@dsql-local/spec";

import { type Log, SqlError, silentLog } from "../base/index.ts";

/** Tokens signed with temporary credentials are 1 to 2 KiB long; nothing of this kind is longer than this. */
export const tokenBytesMax = 16 * 1024;

export interface TokenToVerify {
  /** The password as the client sent it. */
  readonly token: string;
  /** The database role that the client wants to be. */
  readonly user: string;
  /** The cluster endpoint, which the token must be signed for. */
  readonly host: string;
  readonly region: string;
  readonly clusterArn: string;
  /** The cluster's resource-based policy. */
  readonly clusterPolicy?: Policy | undefined;
  readonly nowMs: number;
  readonly identities: Identities;
  readonly log?: Log | undefined;
}

export interface VerifiedToken {
  readonly principalArn: string;
  readonly callerArn: string;
  readonly action: ConnectAction;
}

/** Keys are a pure function of secret and day, so one cache serves every cluster of the process. */
const signingKeys = new SigningKeys();

/** @throws {SqlError} FATAL 08006, with DSQL's HINT where the service gives one */
export function verifyToken(input: TokenToVerify): VerifiedToken {
  const { user, identities } = input;
  const { host, query } = splitToken(input);
  if (host.toLowerCase() !== input.host.toLowerCase()) refuse(input, "signed for another host");
  const credential = verifySignature(input, host, query);
  const action = readAction(input, query);
  if (action !== connectActionFor(user)) {
    refuse(input, "wrong action for the user", accessDeniedHints.wrongAction(user, action));
  }
  const { principalArn, callerArn } = credential;
  const { region, clusterArn: resourceArn, clusterPolicy: resourcePolicy } = input;
  const context = { "aws:SecureTransport": "true", "aws:RequestedRegion": region };
  const request = { principalArn, action: `dsql:${action}`, resourceArn, context, resourcePolicy };
  if (!identities.isAllowed(request)) {
    const policies = `the policies of ${principalArn}${resourcePolicy === undefined ? "" : " and of the cluster"}`;
    const hint =
      accountOf(callerArn) === accountOf(resourceArn)
        ? accessDeniedHints.notAllowed(callerArn, request.action, resourceArn)
        : accessDeniedHints.otherAccount(callerArn);
    refuse(input, `${policies} do not allow dsql:${action}`, hint);
  }
  return { principalArn, callerArn, action };
}

/** An ARN's fifth part. */
const accountOf = (arn: string): string => arn.split(":")[4] ?? "";

/** @returns the two halves around `/?`, as signed */
function splitToken(input: TokenToVerify): { host: string; query: string } {
  const { token } = input;
  if (Buffer.byteLength(token) > tokenBytesMax) refuse(input, `longer than ${tokenBytesMax} bytes`);
  const parts = /^(?:https:\/\/)?([^/?#\s]+)\/?\?([^#\s]+)$/.exec(token);
  const [, host, query] = parts ?? [];
  if (host === undefined || query === undefined) return refuse(input, "not of the form <host>/?<query>");
  return { host, query };
}

function verifySignature(input: TokenToVerify, host: string, query: string): Credential {
  const verdict = verifyRequest(
    { method: "GET", path: "/", query, headers: { host } },
    {
      find: (accessKeyId) => input.identities.find(accessKeyId),
      signingKeys,
      nowMs: input.nowMs,
      region: input.region,
      service: signingService,
    },
  );
  if (!verdict.ok) return refuse(input, verdict.explanation, hintFor(verdict));
  const credential = input.identities.find(verdict.accessKeyId);
  // A signature in a header is none here: only a presigned query has an expiry.
  if (credential === undefined || verdict.expiresInSeconds === undefined)
    return refuse(input, "not a presigned URL");
  return credential;
}

function hintFor(verdict: SignatureVerdict): string | undefined {
  return !verdict.ok && verdict.failure === "expired" ? verdict.explanation : undefined;
}

function readAction(input: TokenToVerify, query: string): ConnectAction {
  const actions = new URLSearchParams(query).getAll("Action");
  const [action] = actions;
  if (actions.length !== 1 || (action !== "DbConnect" && action !== "DbConnectAdmin")) {
    return refuse(input, "Action is not one of DbConnect and DbConnectAdmin");
  }
  return action;
}

function refuse({ user, log = silentLog }: TokenToVerify, reason: string, hint?: string): never {
  log({ event: "auth.refused", user, reason });
  throw SqlError.of(errors.accessDenied, { severity: "FATAL", hint });
}

export interface TokenToSign {
  readonly credential: Credential;
  /** The cluster endpoint. */
  readonly host: string;
  readonly region: string;
  readonly user: string;
  readonly nowMs: number;
  /** 1 to 604,800; 900 unless given. */
  readonly expiresInSeconds?: number | undefined;
}

/**
 * What `DsqlSigner` of the AWS SDK makes, for those who have the key at hand.
 *
 * @throws {RangeError} `expiresInSeconds` is out of bounds
 */
export function signToken(input: TokenToSign): string {
  const expiresInSeconds = input.expiresInSeconds ?? tokenExpirySecondsDefault;
  if (
    !Number.isInteger(expiresInSeconds) ||
    expiresInSeconds < 1 ||
    expiresInSeconds > tokenExpirySecondsMax
  ) {
    throw new RangeError(`a token lives 1 to ${tokenExpirySecondsMax} seconds, not ${expiresInSeconds}`);
  }
  const { credential, region, host } = input;
  const signer = new RequestSigner({ credential, region, service: signingService });
  const query = signer.presignQuery(
    {
      method: "GET",
      path: "/",
      query: [["Action", connectActionFor(input.user)]],
      headers: { host },
      payloadHash: emptyPayloadHash,
    },
    { nowMs: input.nowMs, expiresInSeconds },
  );
  return `${host}/?${query}`;
}
