/**
 * The local AWS endpoint: what the AWS CDK, the AWS SDKs and Lambda need to deploy and run an application of Aurora
 * DSQL on this machine. STS, IAM, SSM parameters, S3, ECR repositories, CloudFormation, Lambda and the DSQL control
 * plane, behind one address on loopback.
 *
 * Promises
 * - Requests are believed by their signature only, and allowed by the account's policies, as in AWS.
 * - What is not offered says so, with the names of what is.
 * - Stacks, objects, parameters and functions survive a restart.
 */
export { createCloud, type Cloud, type CloudOptions } from "./cloud.ts";
export { ApiRefusal, type ApiRequest, type ConsoleParts } from "./observation-api/index.ts";
export type { CloudCluster } from "./cloud-cluster.ts";
export { preloadFile } from "./preload-file.ts";
