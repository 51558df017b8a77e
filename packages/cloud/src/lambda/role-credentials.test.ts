import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AccountIdentities } from "@dsql-local/account";
import { systemClock, systemRandom } from "@dsql-local/cluster";
import { RoleCredentials } from "./role-credentials.ts";

const roleArn = "arn:aws:iam::123456789012:role/function-role";
const Statement = [
  { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
];

test("credentials are kept until 20 minutes before they expire, and then renewed", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dsql-local-credentials-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  let nowMs = Date.now();
  const identities = AccountIdentities.open({
    file: join(folder, "identities.json"),
    clock: { ...systemClock, nowMs: () => nowMs },
    random: systemRandom,
  });
  identities.putRole({
    name: "function-role",
    arn: roleArn,
    assumeRolePolicy: { Version: "2012-10-17", Statement },
  });
  const credentials = new RoleCredentials(identities, () => nowMs);
  const keyOf = (): string | undefined => credentials.variables("transfer", roleArn)["AWS_ACCESS_KEY_ID"];
  const first = keyOf();

  nowMs += 39 * 60_000;
  assert.equal(keyOf(), first);
  assert.equal(credentials.isRenewalDue("transfer", roleArn), false);
  nowMs += 2 * 60_000;
  assert.equal(credentials.isRenewalDue("transfer", roleArn), true);
  assert.notEqual(keyOf(), first);
});
