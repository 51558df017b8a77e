/**
 * A local API Gateway, as far as HTTP APIs in front of Lambda functions need it: deployed by CloudFormation, served at
 * `/http-api/<id>/` of the endpoint.
 *
 * Promises
 * - The function sees payload format 2.0 as API Gateway sends it, path parameters and stage variables included.
 * - It is invoked only where its resource policy lets API Gateway in for that route.
 *
 * Source: Amazon API Gateway Developer Guide, "HTTP APIs".
 * Tests: routes.test.ts, test/http-api.test.ts.
 */
export {
  type HttpApi,
  httpApiPath,
  HttpApis,
  type Integration,
  type Route,
  type Stage,
} from "./http-apis.ts";
export { HttpApiRequests } from "./requests.ts";
export { parseRouteKey } from "./routes.ts";
