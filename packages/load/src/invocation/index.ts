/**
 * Invoking one Lambda function: where it is, how a request is signed and sent, when it is sent again, and what came back.
 *
 * It promises that whatever happens is an answer with a code, and that a call of which nobody knows whether the function
 * ran is counted as such.
 */
export { type Answer, type Failure, type Success, readAnswer } from "./answer.ts";
export {
  type Invocation,
  type LambdaClient,
  type LambdaClientOptions,
  createLambdaClient,
} from "./client.ts";
export { type InvocationTarget, TargetError, targetFromEnvironment } from "./target.ts";
