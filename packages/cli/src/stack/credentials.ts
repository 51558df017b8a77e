/** The local account's own key, and tokens signed with it by the signer that applications use. */
import path from "node:path";
import { DsqlSigner } from "@aws-sdk/dsql-signer";
import { AccountIdentities, systemClock, systemRandom } from "@dsql-local/cluster";
import type { StackFacts } from "./stack-facts.ts";

/** What AWS gives a token unless asked for more. */
export const tokenSecondsDefault = 900;

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The account keeps it in `identities.json`, readable by the owner of the data directory only. */
export function administratorKey(facts: StackFacts): AccessKey {
  const file = path.join(facts.dataDir, "identities.json");
  // Opening founds an account where there is none; this one belongs to a cluster that runs, so it is there.
  const options = { file, account: facts.account, clock: systemClock, random: systemRandom };
  const { accessKeyId, secretAccessKey } = AccountIdentities.open(options).administrator;
  return { accessKeyId, secretAccessKey };
}

/** Signs with the administrator's key. For `admin` the action is DbConnectAdmin, for every other role DbConnect. */
export async function signToken(
  facts: StackFacts,
  options: { user: string; expiresInSeconds: number },
): Promise<string> {
  const signer = new DsqlSigner({
    hostname: facts.clusterEndpoint,
    region: facts.region,
    expiresIn: options.expiresInSeconds,
    credentials: administratorKey(facts),
  });
  return options.user === "admin" ? signer.getDbConnectAdminAuthToken() : signer.getDbConnectAuthToken();
}
