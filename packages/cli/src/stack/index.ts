/**
 * Cluster and cloud as one: starting and stopping them, finding the stack that runs on a data directory, and the
 * environment and tokens with which other programs use it.
 *
 * Promises: a stack counts as running only when it answers as itself; what was started is stopped, in order, whatever
 * fails in between.
 */
export { type AwsAnswer, awsClient, type AwsClient, AwsError } from "./aws-client.ts";
export { deployedFunctions, withFunctionNames } from "./functions.ts";
export { chooseCluster, clustersOf, endpointOf, runningCluster } from "./choose-cluster.ts";
export { administratorKey, signToken, tokenSecondsDefault } from "./credentials.ts";
export { type Shell, shellLines, shells, unsetNames } from "./environment.ts";
export { findStack, runningStack, type StackState } from "./lock.ts";
export { cannotGoOn, defaultAwsPort, defaultPort, factsOf, type Stack, startStack } from "./stack.ts";
export { shellTokenSeconds, stackEnvironment } from "./stack-environment.ts";
export { type StackFacts, stackFacts } from "./stack-facts.ts";
export { StopSignals } from "./stop-signals.ts";
export {
  stackPoolOptions,
  targetOptions,
  type TargetOptions,
  targetPool,
  targetPoolOptions,
} from "./target-pool.ts";
export { withConnection } from "./connection.ts";
