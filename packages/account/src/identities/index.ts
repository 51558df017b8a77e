/**
 * The local account: its administrator, its roles with their policies, and sessions that have taken a role.
 *
 * Promises: what is written is on disk, readable by its owner alone, before anybody hears of it; no secret is ever said.
 */
export { AccountIdentities, type AccountIdentitiesOptions } from "./identities.ts";
export {
  type AccessRequest,
  type AssumeRoleRequest,
  type Credential,
  type Identities,
  type Role,
  type RoleDefinition,
} from "./identity.ts";
