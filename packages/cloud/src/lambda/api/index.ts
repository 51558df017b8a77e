/**
 * Lambda's REST-JSON API: which request asks for which operation, and how its answer is written.
 *
 * Promises: what is not offered is refused with the names of what is; who may not call an operation is told as Lambda tells.
 */
export { LambdaApi } from "./lambda-api.ts";
