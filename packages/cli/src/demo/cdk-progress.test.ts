import assert from "node:assert/strict";
import { test } from "node:test";
import { cdkProgress } from "./cdk-progress.ts";

const cases: readonly (readonly [line: string, said: string | undefined])[] = [
  [
    "Stack | 3/5 | 6:56:21 AM | CREATE_COMPLETE         | AWS::IAM::Policy           | Function/ServiceRole/Policy (FunctionPolicy2B8AB499) ",
    "3/5 CREATE_COMPLETE AWS::IAM::Policy Function/ServiceRole/Policy",
  ],
  [
    "Stack |  2/12 | 11:56:21 PM | UPDATE_IN_PROGRESS | AWS::DSQL::Cluster | DsqlCluster ",
    "2/12 UPDATE_IN_PROGRESS AWS::DSQL::Cluster DsqlCluster",
  ],
  ["Bundling asset Stack/Function/Code/Stage...", "the app is synthesised, its function bundled"],
  ["✨  Synthesis time: 5.08s", "synthesised in 5.08s"],
  [
    "Stack: start: Publishing Function/Code (current_account-current_region-b6af6371)",
    "the template and the function are uploaded",
  ],
  ["Stack: creating CloudFormation changeset...", "CloudFormation makes a change set"],
  [" ✅  Stack (no changes)", "nothing has changed since the last time"],
  ["Stack.LambdaRoleArn = arn:aws:iam::123456789012:role/R", undefined],
  ["", undefined],
];

test("of what the CDK prints, a reader sees the phases and the events of resources", () => {
  for (const [line, said] of cases) assert.equal(cdkProgress(line), said, line);
});
