/**
 * The app that the tests deploy with the real CDK. Plain JavaScript, because the CDK's types cost a compiler a gigabyte.
 * Variables say what an update changes: those of the environment, or, to make many assemblies in one run, those in
 * ASSEMBLIES, an object from folder to variables.
 *
 * DatabaseStack  a cluster, whose roles and tables a custom resource makes; what the CDK's own custom resource reads
 * GreeterStack   a function with a version, an alias, a log group and an address, which knows the cluster by an export
 * ParentStack    a stack within a stack; a bucket that a custom resource empties; a function run by the deployment
 */
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import * as cdk from "aws-cdk-lib";
import * as customResources from "aws-cdk-lib/custom-resources";
import * as dsql from "aws-cdk-lib/aws-dsql";
import * as iam from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import * as logs from "aws-cdk-lib/aws-logs";
import * as nodejs from "aws-cdk-lib/aws-lambda-nodejs";
import * as s3 from "aws-cdk-lib/aws-s3";
import * as ssm from "aws-cdk-lib/aws-ssm";
import * as triggers from "aws-cdk-lib/triggers";

const folder = path.dirname(fileURLToPath(import.meta.url));
const runtime = lambda.Runtime.NODEJS_22_X;

const tables = ["CREATE TABLE IF NOT EXISTS greeting (id int PRIMARY KEY, words text)"];
const schemas = {
  first: tables,
  second: [...tables, "CREATE TABLE IF NOT EXISTS guest (id int PRIMARY KEY)"],
  broken: [...tables, "CREATE TABLE guest (id serial PRIMARY KEY)"],
};

class DatabaseStack extends cdk.Stack {
  constructor(scope, id, { variables }) {
    super(scope, id);
    this.cluster = new dsql.CfnCluster(this, "Cluster", {
      deletionProtectionEnabled: variables.PROTECTED === "yes",
      tags: [{ key: "team", value: "tests" }],
    });
    const role = new iam.Role(this, "Application", {
      assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com"),
    });
    const schema = new cdk.CustomResource(this, "Schema", {
      resourceType: "Custom::Schema",
      serviceToken: this.schemaProvider().serviceToken,
      properties: {
        Endpoint: this.cluster.attrEndpoint,
        Role: "app",
        IamRole: role.roleArn,
        Statements: schemas[variables.SCHEMA ?? "first"],
      },
    });
    new cdk.CfnOutput(this, "Statements", { value: schema.getAttString("Statements") });
    new cdk.CfnOutput(this, "ClusterStatus", { value: this.statusByTheSdk() });
    new cdk.CfnOutput(this, "Endpoint", { value: this.cluster.attrEndpoint });
  }

  /** The CDK's provider framework: it invokes the function below and answers CloudFormation in its place. */
  schemaProvider() {
    const onEventHandler = new nodejs.NodejsFunction(this, "SchemaHandler", {
      runtime,
      entry: path.join(folder, "schema", "index.mjs"),
      timeout: cdk.Duration.minutes(1),
      bundling: { externalModules: ["pg-native"] },
    });
    onEventHandler.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ["dsql:DbConnectAdmin"],
        resources: [this.cluster.attrResourceArn],
      }),
    );
    return new customResources.Provider(this, "SchemaProvider", { onEventHandler });
  }

  /** The CDK's custom resource that calls an AWS SDK. */
  statusByTheSdk() {
    const call = {
      service: "DSQL",
      action: "getCluster",
      parameters: { identifier: this.cluster.attrIdentifier },
      physicalResourceId: customResources.PhysicalResourceId.of("cluster-status"),
    };
    const read = new customResources.AwsCustomResource(this, "ReadCluster", {
      onCreate: call,
      onUpdate: call,
      installLatestAwsSdk: false,
      policy: customResources.AwsCustomResourcePolicy.fromStatements([
        new iam.PolicyStatement({ actions: ["dsql:GetCluster"], resources: [this.cluster.attrResourceArn] }),
      ]),
    });
    return read.getResponseField("status");
  }
}

class GreeterStack extends cdk.Stack {
  constructor(scope, id, { cluster, variables }) {
    super(scope, id);
    const greeter = new lambda.Function(this, "Greeter", {
      functionName: "greeter",
      runtime,
      handler: "index.handler",
      code: lambda.Code.fromAsset(path.join(folder, "greeter")),
      environment: { CLUSTER: cluster.attrIdentifier, WORDS: variables.WORDS ?? "hello" },
      logGroup: new logs.LogGroup(this, "Log", {
        logGroupName: "/greeter",
        removalPolicy: cdk.RemovalPolicy.DESTROY,
      }),
    });
    const alias = new lambda.Alias(this, "Live", {
      aliasName: "live",
      version: greeter.currentVersion,
      provisionedConcurrentExecutions: 2,
    });
    const url = alias.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });
    new cdk.CfnOutput(this, "Url", { value: url.url });
  }
}

class ParentStack extends cdk.Stack {
  constructor(scope, id, { variables }) {
    super(scope, id);
    const words = new ssm.StringParameter(this, "Words", { stringValue: variables.WORDS ?? "hello" });
    const child = new cdk.NestedStack(this, "Child");
    const copy = new ssm.StringParameter(child, "Copy", { stringValue: words.stringValue });
    new cdk.CfnOutput(this, "CopyName", { value: copy.parameterName });
    const bucket = new s3.Bucket(this, "Bucket", {
      autoDeleteObjects: true,
      removalPolicy: cdk.RemovalPolicy.DESTROY,
    });
    const writer = new triggers.TriggerFunction(this, "Writer", {
      runtime,
      handler: "index.handler",
      code: lambda.Code.fromAsset(path.join(folder, "writer")),
      environment: { BUCKET: bucket.bucketName },
      executeAfter: [bucket],
    });
    bucket.grantWrite(writer);
    new cdk.CfnOutput(this, "BucketName", { value: bucket.bucketName });
    if (variables.BROKEN === "yes") {
      // The name of a parameter that is there already.
      const broken = new ssm.StringParameter(this, "Broken", {
        parameterName: "/cdk-bootstrap/hnb659fds/version",
        stringValue: "x",
      });
      broken.node.addDependency(child);
    }
  }
}

function addStacks(app, variables) {
  const { cluster } = new DatabaseStack(app, "DatabaseStack", { variables });
  new GreeterStack(app, "GreeterStack", { cluster, variables });
  new ParentStack(app, "ParentStack", { variables });
}

const assemblies = JSON.parse(process.env.ASSEMBLIES ?? "null");
if (assemblies === null) {
  addStacks(new cdk.App(), process.env);
} else {
  for (const [outdir, variables] of Object.entries(assemblies)) {
    const app = new cdk.App({ outdir });
    addStacks(app, variables);
    app.synth();
  }
}
