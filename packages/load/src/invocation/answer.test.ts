import assert from "node:assert/strict";
import { test } from "node:test";

import { readAnswer } from "./answer.ts";

const read = (
  payload: unknown,
  extra: { functionError?: string; status?: number; errorType?: string } = {},
) => readAnswer({ status: 200, body: JSON.stringify(payload), ...extra });

test("a response of the function is a success with its statistics", () => {
  assert.deepEqual(read({ balance: 80, duration: 18, retries: 2 }), {
    kind: "success",
    balance: 80,
    durationMs: 18,
    retries: 2,
  });
});

test("a negative balance and one too large for a number are read", () => {
  assert.equal(read({ balance: -5, duration: 1, retries: 0 }).kind, "success");
  assert.equal(read({ balance: "90071992547409930", duration: 1, retries: 0 }).kind, "success");
});

test("a function of an early chapter answers with the balance alone", () => {
  assert.deepEqual(read({ balance: 90 }), { kind: "success", balance: 90 });
});

test("a refusal by the function is a failure with its code", () => {
  assert.deepEqual(
    read({ error: "Insufficient balance", errorCode: "InsufficientBalance", duration: 3, retries: 1 }),
    {
      kind: "failure",
      code: "InsufficientBalance",
      message: "Insufficient balance",
      durationMs: 3,
      retries: 1,
    },
  );
});

test("an error that the function threw is a failure with the error's type", () => {
  const answer = read(
    { errorType: "Sandbox.Timedout", errorMessage: "Task timed out" },
    { functionError: "Unhandled" },
  );
  assert.deepEqual(answer, { kind: "failure", code: "Sandbox.Timedout", message: "Task timed out" });
});

test("a refusal by Lambda is a failure with the exception's name", () => {
  const answer = read(
    { Type: "User", message: "Rate Exceeded." },
    { status: 429, errorType: "TooManyRequestsException:http://internal.amazon.com/coral/" },
  );
  assert.deepEqual(answer, { kind: "failure", code: "TooManyRequestsException", message: "Rate Exceeded." });
});

test("a refusal without a readable body is a failure with the status", () => {
  const answer = readAnswer({ status: 502, body: "<html>" });
  assert.deepEqual(answer, { kind: "failure", code: "HTTP 502", message: "Lambda answered with HTTP 502" });
});

for (const [shape, body] of Object.entries({
  "no JSON": "{",
  nothing: "",
  null: "null",
  "a text": '"done"',
  "a list": "[1]",
  "no balance": "{}",
  "a fractional balance": '{"balance":1.5}',
  "a balance in words": '{"balance":"plenty"}',
  "a negative duration": '{"balance":1,"duration":-1}',
  "a fractional count of retries": '{"balance":1,"retries":0.5}',
  "an error that is not a text": '{"error":{}}',
  "an error code that is not a text": '{"error":"no","errorCode":40001}',
})) {
  test(`an answer with ${shape} is an InvalidResponse`, () => {
    const answer = readAnswer({ status: 200, body });
    assert.equal(answer.kind === "failure" && answer.code, "InvalidResponse");
  });
}
