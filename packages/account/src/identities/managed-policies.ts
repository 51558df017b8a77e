/**
 * Policies that AWS manages and applications of this kind attach, by ARN.
 *
 * Kept to what decides something here: actions of services that the local endpoint has, and of those whose absence a
 * reader would notice. `ReadOnlyAccess` names verbs instead of its thousands of actions.
 *
 * Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
 */
const dsqlRead = [
  "dsql:GetCluster",
  "dsql:GetClusterPolicy",
  "dsql:GetVpcEndpointServiceName",
  "dsql:ListClusters",
  "dsql:ListTagsForResource",
  "dsql:GetStream",
  "dsql:ListStreams",
];

const dsqlWrite = [
  "dsql:CreateCluster",
  "dsql:UpdateCluster",
  "dsql:DeleteCluster",
  "dsql:PutClusterPolicy",
  "dsql:DeleteClusterPolicy",
  "dsql:TagResource",
  "dsql:UntagResource",
  "dsql:DbConnect",
  "dsql:DbConnectAdmin",
  "dsql:PutMultiRegionProperties",
  "dsql:PutWitnessRegion",
  "dsql:AddPeerCluster",
  "dsql:RemovePeerCluster",
  "dsql:StartBackupJob",
  "dsql:GetBackupJob",
  "dsql:StopBackupJob",
  "dsql:StartRestoreJob",
  "dsql:GetRestoreJob",
  "dsql:StopRestoreJob",
  "dsql:InjectError",
  "dsql:CreateStream",
  "dsql:UpdateStream",
  "dsql:DeleteStream",
];

const logWrite = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"];

const networkInterfaces = [
  "ec2:CreateNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:DeleteNetworkInterface",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
];

export const managedPolicies: ReadonlyMap<string, unknown> = new Map([
  ["arn:aws:iam::aws:policy/AdministratorAccess", allow(["*"])],
  [
    "arn:aws:iam::aws:policy/AmazonAuroraDSQLFullAccess",
    allow([...dsqlRead, ...dsqlWrite, "cloudwatch:GetMetricData"]),
  ],
  [
    "arn:aws:iam::aws:policy/AmazonAuroraDSQLConsoleFullAccess",
    allow([
      ...dsqlRead,
      ...dsqlWrite,
      "cloudwatch:GetMetricData",
      "tag:GetTagKeys",
      "tag:GetTagValues",
      "ec2:DescribeVpcEndpoints",
      "kms:ListAliases",
      "kms:DescribeKey",
    ]),
  ],
  [
    "arn:aws:iam::aws:policy/AmazonAuroraDSQLReadOnlyAccess",
    allow([...dsqlRead, "cloudwatch:GetMetricData"]),
  ],
  ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", allow(logWrite)],
  [
    "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
    allow([...logWrite, ...networkInterfaces]),
  ],
  ["arn:aws:iam::aws:policy/service-role/AWSLambdaRole", allow(["lambda:InvokeFunction"])],
  [
    "arn:aws:iam::aws:policy/AWSLambda_FullAccess",
    allow(["lambda:*", "logs:*", "cloudformation:Describe*", "iam:GetRole"]),
  ],
  [
    "arn:aws:iam::aws:policy/AWSCloudFormationReadOnlyAccess",
    allow([
      "cloudformation:Describe*",
      "cloudformation:Get*",
      "cloudformation:List*",
      "cloudformation:ValidateTemplate",
    ]),
  ],
  [
    "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess",
    allow([
      "xray:PutTraceSegments",
      "xray:PutTelemetryRecords",
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:GetSamplingStatisticSummaries",
    ]),
  ],
  [
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    // `cdk watch` reads functions' logs with it.
    allow([
      "*:Get*",
      "*:List*",
      "*:Describe*",
      "*:BatchGet*",
      "*:Query",
      "*:Scan",
      "logs:FilterLogEvents",
      "logs:StartLiveTail",
      "logs:StopLiveTail",
    ]),
  ],
]);

function allow(actions: readonly string[]): unknown {
  return { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: actions, Resource: "*" }] };
}
