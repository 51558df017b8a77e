/** Source: Service Authorization Reference, "Actions … for AWS Security Token Service". */

import type { PermissionTable } from "../authorization.ts";
import type { QueryInput } from "../protocol/index.ts";

export const stsPermissions: PermissionTable<QueryInput> = {
  /** Whoever has a key may ask whose it is, even where a policy denies it. */
  GetCallerIdentity: () => [],
  /** The role's trust policy decides, and the caller's own policies beside it: `Identities.assumeRole`. */
  AssumeRole: () => [],
};
