/**
 * Who may connect: the local account's identities, IAM policies, and the verification of tokens.
 *
 * Promises: a token is accepted only if somebody of the account signed it for this cluster, this user and this time, and
 * their policies allow it. Nothing here says or logs a secret, a token or a signature.
 */
export { AccountIdentities, type AccountIdentitiesOptions } from "./identities.ts";
export { IdentityError, type IdentityErrorCode } from "./identity-error.ts";
export {
  type AccessRequest,
  type AssumeRoleRequest,
  type Credential,
  type Identities,
  type Role,
  type RoleDefinition,
} from "./identity.ts";
export { parsePolicy, type Policy } from "./policy.ts";
export {
  signToken,
  type TokenToSign,
  type TokenToVerify,
  tokenBytesMax,
  type VerifiedToken,
  verifyToken,
} from "./token.ts";
