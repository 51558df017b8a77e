/**
 * AWS Systems Manager's Parameter Store: names, values and tags, which the CDK's bootstrap version is one of.
 *
 * Promises: a value is kept from the answer on; values are readable by the owner of the files alone, SecureString or not.
 */
export { createSsm } from "./parameter-api.ts";
export { ParameterStore, type StoredParameter } from "./parameter-store.ts";
