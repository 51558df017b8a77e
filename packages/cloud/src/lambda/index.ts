/**
 * A local AWS Lambda: keeps functions as they were deployed and runs their zip unmodified on this machine's Node.js.
 *
 * Promises
 * - An execution environment serves one invocation at a time and has module instances, `globalThis` additions,
 *   `process.env`, sockets and timers of its own. Environments of one function version share worker threads;
 *   functions never share a thread, so what one does to its thread harms no other.
 * - A function sees the variables Lambda gives it and its role's credentials, nothing of this process's environment.
 * - Every invocation is answered: by the handler, or with Lambda's own payload for a timeout, an exit, a crash.
 * - Functions survive a restart; environments, queued `Event` invocations and concurrency counts do not.
 *
 * Source: AWS Lambda Developer Guide and API Reference.
 * Tests: packages/cloud/test/lambda*.test.ts; measured by packages/cloud/bench/invoke.bench.ts.
 */
export {
  corsHeaders,
  functionUrlPath,
  type FunctionUrlRequests,
  httpEvent,
  httpResponse,
  isPreflight,
  type UrlRequest,
} from "./access/index.ts";
export { createLambda, type Lambda, type LambdaOptions } from "./lambda.ts";
export type {
  AliasConfiguration,
  AliasRoutingConfig,
  CreateFunctionInput,
  EventInvokeSettings,
  FunctionCode,
  FunctionConfiguration,
  FunctionUrlCors,
  InvocationType,
  InvokeInput,
  InvokeOutput,
  PermissionInput,
  UpdateFunctionCodeInput,
  UpdateFunctionConfigurationInput,
} from "./types.ts";
