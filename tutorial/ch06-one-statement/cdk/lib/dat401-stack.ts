import * as path from "node:path";
import * as cdk from "aws-cdk-lib";
import * as dsql from "aws-cdk-lib/aws-dsql";
import * as iam from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as nodejs from "aws-cdk-lib/aws-lambda-nodejs";
import type { Construct } from "constructs";

/** An Aurora DSQL cluster, and a Lambda function that may connect to it as a database role other than admin. */
export class Dat401Stack extends cdk.Stack {
  constructor(scope: Construct, id: string, props?: cdk.StackProps) {
    super(scope, id, props);

    const cluster = new dsql.CfnCluster(this, "DsqlCluster", {
      // A tutorial's cluster goes with its stack. Keep the protection on for data that you would miss.
      deletionProtectionEnabled: false,
      tags: [{ key: "Name", value: "DAT401" }],
    });
    const clusterEndpoint = `${cluster.attrIdentifier}.dsql.${this.region}.on.aws`;

    const lambdaFunction = new nodejs.NodejsFunction(this, "ReinventDat401Function", {
      functionName: "reinvent-dat401",
      // The talk used Node.js 20, whose runtime Lambda has stopped updating; 24 is its newest long-term release.
      runtime: lambda.Runtime.NODEJS_24_X,
      entry: path.join(__dirname, "../../lambda/src/index.ts"),
      handler: "handler",
      timeout: cdk.Duration.seconds(30),
      memorySize: 512,
      environment: { CLUSTER_ENDPOINT: clusterEndpoint },
      bundling: {
        // The signer travels with the function, so that what runs is the version that was tested. By its ECMAScript
        // modules esbuild can leave out what is never called: 370 kB instead of 1.1 MB.
        bundleAwsSDK: true,
        mainFields: ["module", "main"],
        minify: true,
      },
    });

    // Not DbConnectAdmin: the function can become only those database roles that AWS IAM GRANT gives to it.
    lambdaFunction.addToRolePolicy(
      new iam.PolicyStatement({
        effect: iam.Effect.ALLOW,
        actions: ["dsql:DbConnect"],
        resources: [cluster.attrResourceArn],
      }),
    );

    new cdk.CfnOutput(this, "ClusterEndpoint", {
      value: clusterEndpoint,
      description: "DSQL Cluster Endpoint",
    });

    new cdk.CfnOutput(this, "LambdaRoleArn", {
      value: lambdaFunction.role!.roleArn,
      description: "Lambda Execution Role ARN",
    });
  }
}
