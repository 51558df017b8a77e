/**
 * One set of rows behind two endpoints: clusters in two Regions, each in the stack of its Region, that name each other.
 *
 * The first is created without a peer and waits. The second names the first, whose ARN the CDK carries over to its Region.
 * What closes the circle is an UpdateCluster on the first, made by a custom resource of the second stack.
 */
import * as cdk from "aws-cdk-lib";
import * as customResources from "aws-cdk-lib/custom-resources";
import * as dsql from "aws-cdk-lib/aws-dsql";
import * as iam from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";

const account = process.env.CDK_DEFAULT_ACCOUNT;
const witnessRegion = "us-west-2";

class FirstRegion extends cdk.Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
    this.cluster = new dsql.CfnCluster(this, "Cluster", {
      deletionProtectionEnabled: false,
      multiRegionProperties: { witnessRegion },
    });
  }
}

class SecondRegion extends cdk.Stack {
  constructor(scope, id, { peer, peerRegion, ...props }) {
    super(scope, id, props);
    const cluster = new dsql.CfnCluster(this, "Cluster", {
      deletionProtectionEnabled: false,
      multiRegionProperties: { witnessRegion, clusters: [peer.attrResourceArn] },
    });
    new customResources.AwsCustomResource(this, "Peering", {
      installLatestAwsSdk: false,
      onUpdate: {
        service: "DSQL",
        action: "updateCluster",
        region: peerRegion,
        parameters: {
          identifier: peer.attrIdentifier,
          multiRegionProperties: { witnessRegion, clusters: [cluster.attrResourceArn] },
        },
        physicalResourceId: customResources.PhysicalResourceId.of(cluster.attrIdentifier),
      },
      policy: customResources.AwsCustomResourcePolicy.fromStatements([
        new iam.PolicyStatement({
          actions: [
            "dsql:UpdateCluster",
            "dsql:PutMultiRegionProperties",
            "dsql:PutWitnessRegion",
            "dsql:AddPeerCluster",
            "dsql:RemovePeerCluster",
          ],
          resources: ["*"],
        }),
      ]),
    });
    const whereAmI = new lambda.Function(this, "WhereAmI", {
      functionName: "where-am-i",
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: "index.handler",
      code: lambda.Code.fromInline("exports.handler = async () => process.env.AWS_REGION;"),
    });
    const { url } = whereAmI.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });
    new cdk.CfnOutput(this, "Endpoint", { value: cluster.attrEndpoint });
    new cdk.CfnOutput(this, "PeerEndpoint", { value: peer.attrEndpoint });
    new cdk.CfnOutput(this, "Url", { value: url });
  }
}

const app = new cdk.App();
const first = new FirstRegion(app, "FirstRegion", {
  env: { account, region: "us-east-1" },
  crossRegionReferences: true,
});
new SecondRegion(app, "SecondRegion", {
  env: { account, region: "us-east-2" },
  crossRegionReferences: true,
  peer: first.cluster,
  peerRegion: first.region,
});
