import assert from "node:assert/strict";
import { test } from "node:test";
import { logLine } from "./log-line.ts";

test("a logged error has its message, its stack and its cause", () => {
  const error = new Error("the socket is gone", { cause: new Error("ECONNRESET") });
  const { event, error: told } = JSON.parse(logLine({ event: "connection.failed", error })) as {
    event: string;
    error: { message: string; stack: string; cause: { message: string } };
  };
  assert.equal(event, "connection.failed");
  assert.equal(told.message, "the socket is gone");
  assert.match(told.stack, /log-line\.test/);
  assert.equal(told.cause.message, "ECONNRESET");
});
