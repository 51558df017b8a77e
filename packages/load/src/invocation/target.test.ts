import assert from "node:assert/strict";
import { test } from "node:test";

import { TargetError, targetFromEnvironment } from "./target.ts";

const keys = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" };

test("without an endpoint of one's own the region's is taken", () => {
  const target = targetFromEnvironment({ ...keys, AWS_REGION: "eu-west-1" });
  assert.equal(target.endpoint.href, "https://lambda.eu-west-1.amazonaws.com/");
  assert.deepEqual(target.credential, { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" });
});

test("the endpoint for Lambda wins over the endpoint for all services", () => {
  const environment = { ...keys, AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: "http://127.0.0.1:4566" };
  assert.equal(targetFromEnvironment(environment).endpoint.port, "4566");
  const lambda = targetFromEnvironment({ ...environment, AWS_ENDPOINT_URL_LAMBDA: "http://127.0.0.1:9001" });
  assert.equal(lambda.endpoint.port, "9001");
});

test("the region given as an option wins, and REGION is read last", () => {
  assert.equal(targetFromEnvironment({ ...keys, REGION: "eu-west-1" }).region, "eu-west-1");
  assert.equal(
    targetFromEnvironment({ ...keys, AWS_REGION: "us-east-1" }, { region: "us-west-2" }).region,
    "us-west-2",
  );
});

test("temporary credentials carry their session token", () => {
  const target = targetFromEnvironment({ ...keys, AWS_REGION: "us-east-1", AWS_SESSION_TOKEN: "token" });
  assert.equal(target.credential.sessionToken, "token");
});

test("what is missing or wrong is named, and no secret is", () => {
  assert.throws(() => targetFromEnvironment({}), { name: "TargetError", message: /AWS_REGION/ });
  assert.throws(
    () => targetFromEnvironment({ AWS_REGION: "us-east-1", AWS_SECRET_ACCESS_KEY: "hidden" }),
    (error) => {
      assert.ok(error instanceof TargetError);
      assert.match(error.message, /AWS_ACCESS_KEY_ID/);
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    },
  );
  const wrong = { ...keys, AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: "localhost:4566" };
  assert.throws(() => targetFromEnvironment(wrong), { message: /AWS_ENDPOINT_URL/ });
});
