/** The function, and what it may do: become a database role other than admin, on the cluster of CLUSTER_ENDPOINT. */
import path from "node:path";
import process from "node:process";
import { App, CfnOutput, Duration, Stack } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Runtime } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";

const endpoint = process.env["CLUSTER_ENDPOINT"];
if (!endpoint) throw new Error('CLUSTER_ENDPOINT is not set. For the local cluster: eval "$(npx dsql env)"');
const [clusterId] = endpoint.split(".");

const stack = new Stack(new App(), "DsqlOwnerSample");

const owner = new NodejsFunction(stack, "Owner", {
  functionName: "dsql-sample-owner",
  runtime: Runtime.NODEJS_24_X,
  entry: path.join(import.meta.dirname, "function", "index.ts"),
  timeout: Duration.seconds(30),
  memorySize: 512,
  environment: { CLUSTER_ENDPOINT: endpoint, CLUSTER_USER: "owner_function" },
  // What runs is what was tested: the signer travels with the function.
  bundling: { bundleAwsSDK: true, mainFields: ["module", "main"] },
});
owner.addToRolePolicy(
  new PolicyStatement({
    actions: ["dsql:DbConnect"],
    resources: [stack.formatArn({ service: "dsql", resource: "cluster", resourceName: clusterId! })],
  }),
);

new CfnOutput(stack, "RoleArn", { value: owner.role!.roleArn });
