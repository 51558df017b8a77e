/** IAM policies: read, and asked whether they allow an action on a resource under these conditions. Pure. */
export type { ConditionContext } from "./condition.ts";
export { IdentityError, type IdentityErrorCode } from "./identity-error.ts";
export { matchesArn } from "./pattern.ts";
export * from "./policy.ts";
