import * as path from "node:path";
import * as cdk from "aws-cdk-lib";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as nodejs from "aws-cdk-lib/aws-lambda-nodejs";
import type { Construct } from "constructs";

/** A Lambda function, and nothing yet that it could connect to. */
export class Dat401Stack extends cdk.Stack {
  constructor(scope: Construct, id: string, props?: cdk.StackProps) {
    super(scope, id, props);

    new nodejs.NodejsFunction(this, "ReinventDat401Function", {
      functionName: "reinvent-dat401",
      // The talk used Node.js 20, whose runtime Lambda has stopped updating; 24 is its newest long-term release.
      runtime: lambda.Runtime.NODEJS_24_X,
      entry: path.join(__dirname, "../../lambda/src/index.ts"),
      handler: "handler",
      timeout: cdk.Duration.seconds(30),
      memorySize: 512,
      bundling: {
        // The signer travels with the function, so that what runs is the version that was tested. By its ECMAScript
        // modules esbuild can leave out what is never called: 370 kB instead of 1.1 MB.
        bundleAwsSDK: true,
        mainFields: ["module", "main"],
        minify: true,
      },
    });
  }
}
