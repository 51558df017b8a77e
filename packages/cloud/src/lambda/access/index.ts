/**
 * Who reaches a function, where, and with how much held ready: resource policies, addresses, provisioned concurrency,
 * asynchronous invocations.
 *
 * Promises
 * - An address is served to whom its function lets in, signed or not, and to nobody else.
 * - What is asked for and cannot be had here is refused by name; what is kept without an effect says so in its file.
 *
 * Source: AWS Lambda Developer Guide and API Reference.
 */
export { EventInvokeConfigs } from "./event-invoke-configs.ts";
export { functionUrlPath, FunctionUrls } from "./function-urls.ts";
export { Permissions } from "./permissions.ts";
export { ProvisionedConcurrency } from "./provisioned-concurrency.ts";
export { httpEvent, httpResponse, type UrlRequest } from "./url-events.ts";
export { corsHeaders, FunctionUrlRequests, isPreflight } from "./url-requests.ts";
