/**
 * Why a connection could not be opened: which step failed, and what to do about it.
 *
 * The service refuses a token in one sentence, `unable to accept connection, access denied`, with a HINT for some of the
 * reasons and none for the others. What it does not say is told apart here as far as can be known: by how far the
 * handshake came, how old the token was, and which user asked.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/troubleshooting.html
 */
import { administratorUser } from "@dsql-local/spec";
import type { ClusterAddress } from "./endpoint.ts";
import { causes, sqlstateOf } from "./errors.ts";
import { CredentialsError } from "./token.ts";

/** In the order in which they happen. */
export const connectSteps = [
  "credentials", // the AWS provider chain
  "pace", // the wait for one's turn to connect
  "dns",
  "tcp",
  "tls", // handshake and certificate
  "sni", // the server knows the cluster by the name in the handshake
  "clock", // a token just signed counts as expired
  "token", // signed for the wrong action, or too old
  "access", // IAM policy, or the mapping of the IAM role to the database role
  "limit", // too many connections, or too many new ones
  "wake-up", // the cluster has been idle for long and is starting
  "start-up", // the server refused a start-up parameter, or went away
  "privilege", // the role may not use the schema
] as const;

/** One of {@link connectSteps}. */
export type ConnectStep = (typeof connectSteps)[number];

/** A connection that did not come about: `step` says how far it came, `hint` what to do. Holds no token. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly step: ConnectStep;
  /** The server's SQLSTATE, or Node's code of a network error. */
  readonly code: string | undefined;
  readonly hint: string;
  /** The same attempt may work a moment later. */
  readonly isTransient: boolean;
  /** The server has looked at the token and refused it, or who sent it: a new one may do better. */
  readonly isRefusal: boolean;

  constructor(options: {
    step: ConnectStep;
    reason: string;
    hint: string;
    code?: string | undefined;
    cause?: unknown;
  }) {
    super(`cannot connect (${options.step}): ${options.reason}`, { cause: options.cause });
    this.step = options.step;
    this.code = options.code;
    this.hint = options.hint;
    this.isRefusal = options.step === "clock" || options.step === "token" || options.step === "access";
    this.isTransient = options.step === "limit" || options.step === "wake-up";
  }
}

export interface Attempt {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly cluster: Pick<ClusterAddress, "clusterId" | "region">;
  /** How far the handshake came before it failed. */
  readonly reached: "nothing" | "tcp" | "tls" | "password";
  readonly tokenAgeMs: number;
  readonly timedOut: boolean;
}

/** A token this young cannot have expired; if the service thinks so, one of the two clocks is wrong. */
const freshTokenMs = 60_000;

interface Diagnosis {
  readonly step: ConnectStep;
  readonly hint: string;
}

/** @returns the error with its step; one that has a step already comes back as it is */
export function explainConnectError(error: unknown, attempt: Attempt): ConnectError {
  if (error instanceof ConnectError) return error;
  const { step, hint } = diagnose(error, attempt);
  return new ConnectError({
    step,
    hint,
    reason: reasonOf(error, attempt),
    code: codeOf(error),
    cause: error,
  });
}

function diagnose(error: unknown, attempt: Attempt): Diagnosis {
  if (error instanceof CredentialsError) {
    return {
      step: "credentials",
      hint: "Set AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in with `aws sso login`.",
    };
  }
  return ofServer(error, attempt) ?? ofNetwork(error, attempt) ?? ofProgress(attempt);
}

/** What the server has said itself. */
function ofServer(error: unknown, attempt: Attempt): Diagnosis | undefined {
  const sqlstate = sqlstateOf(error);
  const text = reasonOf(error, attempt);
  if (/waking up cluster/i.test(text)) return { step: "wake-up", hint: "Try again in some seconds." };
  if (/sni was not received/i.test(text)) return sniMissing;
  if (sqlstate === "53300" || sqlstate === "53400") {
    return { step: "limit", hint: "Use fewer or longer-lived connections, and let the pool pace new ones." };
  }
  if (/access denied/i.test(text)) return refusedToken(hintOf(error), attempt);
  if (sqlstate === "42501") {
    return {
      step: "privilege",
      hint: `GRANT USAGE ON SCHEMA … TO "${attempt.user}", as the schema's owner.`,
    };
  }
  return sqlstate === undefined
    ? undefined
    : {
        step: "start-up",
        hint: "Leave out the start-up parameter that the message names; it may come from PGOPTIONS.",
      };
}

const sniMissing: Diagnosis = {
  step: "sni",
  hint: "Connect by the cluster's host name: the server knows the cluster by it, and an IP address has none.",
};

function refusedToken(serverHint: string, { user, tokenAgeMs, cluster }: Attempt): Diagnosis {
  if (/^Signature (expired|not yet current)/i.test(serverHint)) {
    return tokenAgeMs < freshTokenMs
      ? { step: "clock", hint: "The token was signed just now: set this machine's clock." }
      : { step: "token", hint: "The token is too old: sign a new one for each connection." };
  }
  if (/Wrong user to action mapping/i.test(serverHint)) {
    return { step: "token", hint: "admin needs a DbConnectAdmin token, every other user a DbConnect token." };
  }
  const unallowed = /^User: (\S+) is not authorized to perform: (\S+) on resource: (\S+)/.exec(serverHint);
  if (unallowed !== null) {
    const [, principal, wanted, resource] = unallowed;
    return {
      step: "access",
      hint: `Allow ${wanted} on ${resource} to ${principal}, in a policy of that IAM user or role.`,
    };
  }
  const stranger = /^User: (\S+) is not authorized to access this resource/.exec(serverHint)?.[1];
  if (stranger !== undefined) {
    return {
      step: "access",
      hint: `${stranger} is of another account than the cluster: use credentials of the cluster's account, or allow it in the cluster's resource policy.`,
    };
  }
  const action = user === administratorUser ? "dsql:DbConnectAdmin" : "dsql:DbConnect";
  const arn = `arn:aws:dsql:${cluster.region}:…:cluster/${cluster.clusterId}`;
  const policy = `The service does not say why. Check that the cluster is there, and that the credentials are those of its account and allowed ${action} on ${arn}`;
  return {
    step: "access",
    hint:
      user === administratorUser
        ? `${policy}.`
        : `${policy}, and that their IAM role is mapped: AWS IAM GRANT "${user}" TO 'arn:aws:iam::…:role/…'; ` +
          "see sys.iam_pg_role_mappings.",
  };
}

/** What Node's resolver, socket or TLS has said. */
function ofNetwork(error: unknown, { host, port }: Attempt): Diagnosis | undefined {
  const code = codeOf(error) ?? "";
  if (/^(ENOTFOUND|EAI_)/.test(code)) {
    return {
      step: "dns",
      hint: `${host} does not resolve: check the endpoint, and that the cluster exists.`,
    };
  }
  if (/^(ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL)$/.test(code)) {
    return {
      step: "tcp",
      hint: `Nothing answers at ${host}, port ${port}: check routes and security groups.`,
    };
  }
  if (/CERT|SIGNATURE|ALTNAME|^ERR_(SSL|TLS)_|^EPROTO$/.test(code)) {
    return {
      step: "tls",
      hint: "The certificate must chain to an authority this process trusts (Amazon Root CA 1) and name the host.",
    };
  }
  return undefined;
}

/** Nobody has said anything: what was under way has failed. */
function ofProgress({ reached, host, port }: Attempt): Diagnosis {
  switch (reached) {
    case "nothing":
      return {
        step: "tcp",
        hint: `${host}, port ${port}, does not answer: check routes and security groups.`,
      };
    case "tcp":
      return { step: "tls", hint: "The server ended the TLS handshake: it may not know the name in it." };
    case "tls":
      return sniMissing;
    case "password":
      return { step: "start-up", hint: "The server closed the connection. Try again." };
  }
}

function reasonOf(error: unknown, attempt: Pick<Attempt, "timedOut">): string {
  if (attempt.timedOut) return "timed out";
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string | undefined {
  const sqlstate = sqlstateOf(error);
  if (sqlstate !== undefined) return sqlstate;
  for (const link of causes(error)) {
    const { code } = link as { code?: unknown };
    if (typeof code === "string") return code;
  }
  return undefined;
}

/** The server's HINT field; drivers keep it under this name. */
function hintOf(error: unknown): string {
  for (const link of causes(error)) {
    const { hint } = link as { hint?: unknown };
    if (typeof hint === "string") return hint;
  }
  return "";
}
