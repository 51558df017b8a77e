/** The local account's own key, and tokens signed with it. */
import path from "node:path";
import { AccountIdentities } from "@dsql-local/account";
import { signToken as sign, systemClock, systemRandom } from "@dsql-local/cluster/data-dir";
import type { StackFacts } from "./stack-facts.ts";

/** What AWS gives a token unless asked for more. */
export const tokenSecondsDefault = 900;

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The account keeps it in `identities.json`, readable by the owner of the data directory only. */
export function administratorKey(facts: StackFacts): AccessKey {
  const { accessKeyId, secretAccessKey } = administrator(facts);
  return { accessKeyId, secretAccessKey };
}

function administrator(facts: StackFacts): ReturnType<typeof AccountIdentities.open>["administrator"] {
  const file = path.join(facts.dataDir, "identities.json");
  // Opening founds an account where there is none; this one belongs to a cluster that runs, so it is there.
  const options = { file, account: facts.account, clock: systemClock, random: systemRandom };
  return AccountIdentities.open(options).administrator;
}

/** Signs with the administrator's key. For `admin` the action is DbConnectAdmin, for every other role DbConnect. */
export function signToken(facts: StackFacts, options: { user: string; expiresInSeconds: number }): string {
  return sign({
    credential: administrator(facts),
    host: facts.clusterEndpoint,
    region: facts.region,
    nowMs: systemClock.nowMs(),
    ...options,
  });
}
