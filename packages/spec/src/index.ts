/** Facts of Aurora DSQL as data, each with its source. Imports nothing of this project. */
export { accessDeniedHints, type ErrorFact, errors } from "./errors.ts";
export { identity } from "./identity.ts";
export { type Limit, type LimitName, limits, lowerableLimits, loweredLimitDetail } from "./limits.ts";
export {
  dpu,
  freeTier,
  prices,
  type RegionPrice,
  transactionDpu,
  type TransactionDpu,
  type TransactionWork,
} from "./prices.ts";
export * from "./rules/index.ts";
export { type SettableSetting, settableSettings } from "./settings.ts";
export { sources } from "./sources.ts";
export {
  administratorUser,
  type ConnectAction,
  connectActionFor,
  signingService,
  tokenExpirySecondsDefault,
  tokenExpirySecondsMax,
} from "./token.ts";
export { serialTypes, type SupportedType, supportedTypes, unsupportedTypes } from "./types.ts";
