/**
 * IAM tokens: signed once, given to every connection that opens while they last.
 *
 * Promises
 * - A token that is handed out has at least a fifth of its life left and so survives the handshake. (A token is only
 *   looked at while connecting: an open connection outlives it.)
 * - One token per endpoint, user and access key. New credentials give a new token, and a token never outlives the
 *   temporary credentials it was signed with.
 * - Callers at the same time wait for one signature.
 * - Tokens stay in here: nothing logs them, and no error carries one.
 *
 * Source: https://docs.aws.amazon.com/aurora-dsql/latest/userguide/SECTION_authentication-token.html
 */
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { connectActionFor, tokenExpirySecondsDefault, tokenExpirySecondsMax } from "@dsql-local/spec";
import { UsageError } from "./errors.ts";

/** AWS credentials, as every provider of the AWS SDK gives them. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Finds credentials, as the AWS SDK's providers do. */
export type CredentialProvider = () => Promise<Credentials>;

/** Whom a token is for, and where. */
export interface TokenRequest {
  /** The public name of the cluster, also when the socket goes elsewhere. */
  readonly host: string;
  readonly region: string;
  readonly user: string;
  readonly credentials: CredentialProvider;
  /** 900 by default, 604,800 at most. */
  readonly lifetimeSeconds?: number | undefined;
}

interface Kept {
  readonly token: Promise<string>;
  readonly credentials: Credentials;
  readonly signedMs: number;
  /** From then on a new one is signed. */
  readonly refreshMs: number;
}

/** Endpoints × users × keys of one process. At the bound the entry signed first is dropped, and signed again if asked for. */
const tokensMax = 256;

/** The part of its life after which a token is replaced. */
const usableShare = 0.8;

/** Keeps a token per endpoint, user and access key until 4/5 of its life are over. Never logs one. */
export class TokenCache {
  readonly #kept = new Map<string, Kept>();
  readonly #nowMs: () => number;

  constructor(options: { nowMs?: () => number } = {}) {
    this.#nowMs = options.nowMs ?? Date.now;
  }

  /**
   * @returns the token, and how long ago it was signed, which tells an expired token from a wrong clock
   * @throws {CredentialsError} the provider has none
   */
  async token(request: TokenRequest): Promise<{ token: string; ageMs: number }> {
    const credentials = await credentialsFrom(request.credentials);
    const key = [request.host, request.user, credentials.accessKeyId].join("\n");
    let kept = this.#kept.get(key);
    if (kept === undefined || !this.#isUsable(kept, credentials)) {
      kept = this.#sign(key, request, credentials);
    }
    return { token: await kept.token, ageMs: this.#nowMs() - kept.signedMs };
  }

  /** Forgets the tokens of a user: the service has refused one. */
  drop(request: Pick<TokenRequest, "host" | "user">): void {
    for (const key of this.#kept.keys()) {
      if (key.startsWith(`${request.host}\n${request.user}\n`)) this.#kept.delete(key);
    }
  }

  #isUsable(kept: Kept, credentials: Credentials): boolean {
    const nowMs = this.#nowMs();
    // Signed in what is now the future, since the clock was set back: the service would not take it before that moment.
    const isOfNow = kept.signedMs <= nowMs && nowMs < kept.refreshMs;
    return isOfNow && kept.credentials.sessionToken === credentials.sessionToken;
  }

  #sign(key: string, request: TokenRequest, credentials: Credentials): Kept {
    const lifetimeSeconds = request.lifetimeSeconds ?? tokenExpirySecondsDefault;
    if (!(lifetimeSeconds >= 1 && lifetimeSeconds <= tokenExpirySecondsMax)) {
      throw new UsageError(`a token lives from 1 to ${tokenExpirySecondsMax} seconds`);
    }
    const signedMs = this.#nowMs();
    const leftMs = Math.min(
      lifetimeSeconds * 1_000,
      (credentials.expiration?.getTime() ?? Infinity) - signedMs,
    );
    const token = signed({ ...request, lifetimeSeconds }, credentials);
    const kept = { token, credentials, signedMs, refreshMs: signedMs + leftMs * usableShare };
    this.#keep(key, kept);
    // A signature that failed must not be handed out again.
    token.catch(() => {
      if (this.#kept.get(key) === kept) this.#kept.delete(key);
    });
    return kept;
  }

  #keep(key: string, kept: Kept): void {
    // Set anew, so that the map stays in the order of signing.
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > tokensMax && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** The cache that all pools of the process share. */
export const processTokens = new TokenCache();

/** No step of the credential chain had any. */
export class CredentialsError extends Error {
  override readonly name = "CredentialsError";

  constructor(options: { cause: unknown }) {
    super("no AWS credentials: the provider chain has found none", options);
  }
}

const chains = new Map<string | undefined, CredentialProvider>();

/** The chain of the AWS SDK: environment, SSO, web identity, files, container, instance. One per profile: it caches. */
export function credentialChain(profile?: string): CredentialProvider {
  const known = chains.get(profile) ?? defaultProvider(profile === undefined ? {} : { profile });
  chains.set(profile, known);
  return known;
}

async function credentialsFrom(provider: CredentialProvider): Promise<Credentials> {
  try {
    return await provider();
  } catch (cause) {
    throw new CredentialsError({ cause });
  }
}

async function signed(
  request: TokenRequest & { readonly lifetimeSeconds: number },
  credentials: Credentials,
): Promise<string> {
  const signer = new DsqlSigner({
    hostname: request.host,
    region: request.region,
    credentials,
    expiresIn: request.lifetimeSeconds,
  });
  return connectActionFor(request.user) === "DbConnectAdmin"
    ? await signer.getDbConnectAdminAuthToken()
    : await signer.getDbConnectAuthToken();
}
