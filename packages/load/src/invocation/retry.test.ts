import assert from "node:assert/strict";
import { test } from "node:test";

import { retryReason, retryWaitMs } from "./retry.ts";
import { TransportError } from "./transport.ts";

const broken = (code: string, wasSent: boolean) => new TransportError(code, wasSent, new Error("broken"));

test("an answer of the function stands, also when it failed", () => {
  assert.equal(retryReason({ status: 200, body: "{}" }), undefined);
  assert.equal(retryReason({ status: 200, functionError: "Unhandled", body: "{}" }), undefined);
  assert.equal(retryReason({ status: 404, body: "{}" }), undefined);
});

test("throttling, errors of Lambda and broken connections are reasons to send again", () => {
  assert.equal(retryReason({ status: 429, body: "" }), "throttled");
  assert.equal(retryReason({ status: 503, body: "" }), "unanswered");
  assert.equal(retryReason(broken("ECONNREFUSED", false)), "unsent");
  assert.equal(retryReason(broken("ECONNRESET", true)), "unanswered");
});

test("a function that does not answer in time is not asked again", () => {
  assert.equal(retryReason(broken("UND_ERR_HEADERS_TIMEOUT", true)), undefined);
});

test("the wait is random up to a bound that doubles, and the attempts end", () => {
  assert.equal(retryWaitMs("unanswered", 1, 0.5), 50);
  assert.equal(retryWaitMs("unanswered", 2, 0.5), 100);
  assert.equal(retryWaitMs("unanswered", 3, 0.5), undefined);
  assert.equal(retryWaitMs("throttled", 9, 1), 20_000);
  assert.equal(retryWaitMs("throttled", 10, 1), undefined);
});
