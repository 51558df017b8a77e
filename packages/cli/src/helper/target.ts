/**
 * Where invocations go and in whose name. Keys of the environment are taken as they are, which is what the local stack
 * has; without them the credentials are those that the AWS CLI would use: of a profile, of single sign-on, of a role.
 */
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { type InvocationTarget, targetFromEnvironment } from "@dsql-local/load";
import { Failure } from "../failure.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Credential = InvocationTarget["credential"];

/** @throws {TargetError} no Region, no credentials, or an endpoint that is not an address */
export async function findTarget(
  environment: Environment,
  region: string | undefined,
): Promise<InvocationTarget> {
  const hasKeys = environment["AWS_ACCESS_KEY_ID"] && environment["AWS_SECRET_ACCESS_KEY"];
  return targetFromEnvironment(environment, {
    region,
    credential: hasKeys ? undefined : await findCredential(environment),
  });
}

/** @returns undefined where there is none anywhere: the error that follows says what to set */
async function findCredential(environment: Environment): Promise<Credential | undefined> {
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = await defaultProvider()();
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  } catch (error) {
    const profile = environment["AWS_PROFILE"];
    if (!profile) return undefined;
    throw new Failure(`no credentials from the profile ${profile}: ${(error as Error).message}`, {
      remedy: "Does it exist? Does it need a login: aws sso login?",
      cause: error,
    });
  }
}
