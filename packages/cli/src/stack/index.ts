/**
 * Cluster and cloud as one: starting and stopping them, finding the stack that runs on a data directory, and the
 * environment and tokens with which other programs use it.
 *
 * Promises: a stack counts as running only when it answers as itself; what was started is stopped, in order, whatever
 * fails in between.
 */
export { type AwsCli, installedAwsCli, oldestAwsCli } from "./aws-cli.ts";
export { type AwsAnswer, awsClient, type AwsClient, AwsError } from "./aws-client.ts";
export { deployedFunctions, withFunctionNames } from "./functions.ts";
export { chooseCluster, clustersOf, endpointOf, runningCluster } from "./choose-cluster.ts";
export { administratorKey, signToken, tokenSecondsDefault } from "./credentials.ts";
export {
  environmentText,
  type EnvironmentFormat,
  environmentFormats,
  type Shell,
  shellLines,
  shells,
  unsetNames,
} from "./environment.ts";
export { findStack, runningStack, type StackState, waitForStack } from "./lock.ts";
export { cannotGoOn, defaultAwsPort, defaultPort, factsOf, type Stack, startStack } from "./stack.ts";
export { childEnvironment, shellTokenSeconds, stackEnvironment } from "./stack-environment.ts";
export { changeHostsFile, localHostsLine, systemHostsFile } from "./hosts-file.ts";
export { type Platform, platforms, platformVariables } from "./platforms.ts";
export { observationClient } from "./observation-client.ts";
export { type StackFacts, stackFacts } from "./stack-facts.ts";
export { StopSignals } from "./stop-signals.ts";
export { onLauncherGone } from "./launchers.ts";
export { startDetached } from "./detached.ts";
export {
  stackPoolOptions,
  targetOptions,
  type TargetOptions,
  targetPool,
  targetPoolOptions,
} from "./target-pool.ts";
export { withConnection } from "./connection.ts";
