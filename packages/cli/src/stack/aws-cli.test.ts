import assert from "node:assert/strict";
import { test } from "node:test";
import { awsCliOf } from "./aws-cli.ts";

test("an AWS CLI from before AWS_ENDPOINT_URL is told from one that reads it", () => {
  const cases: readonly (readonly [printed: string, version: string, isUsable: boolean])[] = [
    ["aws-cli/2.9.19 Python/3.11.2 Linux/6.1.0 source/x86_64.debian.12 prompt/off", "2.9.19", false],
    ["aws-cli/2.12.7 Python/3.11.4", "2.12.7", false],
    ["aws-cli/2.13.0 Python/3.11.4", "2.13.0", true],
    ["aws-cli/2.31.3 Python/3.13.7", "2.31.3", true],
    ["aws-cli/1.22.34 Python/3.10.6", "1.22.34", false],
    ["aws-cli/1.29.0 Python/3.11.4", "1.29.0", true],
    ["aws-cli/3.0.0 Python/3.15.0", "3.0.0", true],
    ["aws-cli/0.9.1 Python/2.7", "0.9.1", false],
  ];
  for (const [printed, version, isUsable] of cases)
    assert.deepEqual(awsCliOf(printed), { version, isUsable });
  assert.equal(awsCliOf("aws: command not found"), undefined);
});
