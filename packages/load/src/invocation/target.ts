/**
 * Where invocations go and in whose name, as the AWS SDKs would read it from the environment: an endpoint of one's own
 * (`AWS_ENDPOINT_URL_LAMBDA`, `AWS_ENDPOINT_URL`) or the region's, and the credentials of `AWS_ACCESS_KEY_ID`. Credentials
 * from elsewhere (a profile, single sign-on) are found by whoever calls, and given.
 */
import type { SigningCredential } from "@dsql-local/account";

/** Which Lambda is invoked, and as whom. */
export interface InvocationTarget {
  /** `http://127.0.0.1:4566`, `https://lambda.us-east-1.amazonaws.com` */
  readonly endpoint: URL;
  readonly region: string;
  readonly credential: SigningCredential;
}

/** Says which variable is missing or wrong. Never holds a secret. */
export class TargetError extends Error {
  override readonly name = "TargetError";
  /** How to set it, as a sentence. */
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * AWS, or what `AWS_ENDPOINT_URL` names, with the credentials of the environment.
 * @throws TargetError that names the variable which is missing or wrong
 */
export interface TargetOptions {
  /** Wins over the environment's. */
  readonly region?: string | undefined;
  /** Taken where the environment has none. */
  readonly credential?: SigningCredential | undefined;
}

/** @throws {TargetError} no Region, no credentials, or an endpoint that is not an address */
export function targetFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  options: TargetOptions = {},
): InvocationTarget {
  const read = (name: string): string | undefined => environment[name] || undefined;
  const region = options.region ?? read("AWS_REGION") ?? read("AWS_DEFAULT_REGION") ?? read("REGION");
  if (region === undefined) throw new TargetError("AWS_REGION is not set", howToSet);
  return {
    endpoint: readEndpoint(read, region),
    region,
    credential: readCredential(read, options.credential),
  };
}

const howToSet =
  'For the local stack: eval "$(npx dsql env)". ' +
  "For AWS: set AWS_REGION, and AWS_PROFILE or the keys of an identity that may invoke the function.";

function readEndpoint(read: (name: string) => string | undefined, region: string): URL {
  const name = read("AWS_ENDPOINT_URL_LAMBDA") === undefined ? "AWS_ENDPOINT_URL" : "AWS_ENDPOINT_URL_LAMBDA";
  const address = read(name) ?? `https://lambda.${region}.amazonaws.com`;
  const endpoint = URL.canParse(address) ? new URL(address) : undefined;
  if (endpoint?.protocol !== "http:" && endpoint?.protocol !== "https:") {
    throw new TargetError(`${name} is not an http or https address`, howToSet);
  }
  return endpoint;
}

function readCredential(
  read: (name: string) => string | undefined,
  other: SigningCredential | undefined,
): SigningCredential {
  const accessKeyId = read("AWS_ACCESS_KEY_ID");
  const secretAccessKey = read("AWS_SECRET_ACCESS_KEY");
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    if (other !== undefined) return other;
    throw new TargetError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set", howToSet);
  }
  const sessionToken = read("AWS_SESSION_TOKEN");
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
