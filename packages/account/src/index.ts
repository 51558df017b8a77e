/**
 * An AWS account on this machine: who there is, what their policies allow, and how a request proves who sent it.
 *
 * The cluster asks it about tokens, the endpoint about requests; it knows neither.
 */
export * from "./identities/index.ts";
export {
  IdentityError,
  type IdentityErrorCode,
  matchesArn,
  parsePolicy,
  type Policy,
} from "./policy/index.ts";
export * from "./signature/index.ts";
