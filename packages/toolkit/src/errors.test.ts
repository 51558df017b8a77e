import assert from "node:assert/strict";
import { test } from "node:test";
import {
  conflictOf,
  isConnectionLost,
  isOutcomeUnknown,
  RetriesExhaustedError,
  sqlstateOf,
} from "./errors.ts";

const sqlError = (code: string, message = "x"): Error => Object.assign(new Error(message), { code });
const wrapped = (cause: unknown, depth: number): Error =>
  depth === 0 ? (cause as Error) : new Error("Failed query", { cause: wrapped(cause, depth - 1) });

test("a conflict is known by SQLSTATE, by the markers of every generation of texts, and through causes", () => {
  assert.equal(conflictOf(sqlError("40001", "change conflicts with another transaction (OC000)")), "OC000");
  assert.equal(
    conflictOf(sqlError("40001", "schema has been updated by another transaction, please retry: (OC001)")),
    "OC001",
  );
  assert.equal(
    conflictOf(new Error("mutation conflicts with another transaction, retry as needed: (OC000)")),
    "OC000",
  );
  assert.equal(conflictOf(sqlError("OC001")), "OC001");
  assert.equal(conflictOf(sqlError("40001", "could not serialize access")), "40001");
  assert.equal(conflictOf(wrapped(sqlError("40001", "(OC000)"), 5)), "OC000");
});

test("nothing else is a conflict", () => {
  for (const error of [
    sqlError("40P01"),
    sqlError("23505"),
    new Error("XOC0001"),
    "40001",
    undefined,
    null,
  ]) {
    assert.equal(conflictOf(error), undefined);
  }
});

test("causes in a circle come to an end", () => {
  const error = new Error("x");
  error.cause = error;
  assert.equal(conflictOf(error), undefined);
});

test("retries that were exhausted are no conflict for a loop around them", () => {
  const cause = sqlError("40001", "(OC000)");
  const exhausted = new RetriesExhaustedError({ reason: "attempts", attempts: 10, cause });
  assert.equal(conflictOf(exhausted), undefined);
  assert.equal(conflictOf(wrapped(exhausted, 1)), undefined);
});

test("codes of Node and Prisma are no SQLSTATEs", () => {
  assert.equal(sqlstateOf(sqlError("EPIPE")), undefined);
  assert.equal(sqlstateOf(sqlError("P2034")), undefined);
  assert.equal(sqlstateOf(sqlError("P0001")), "P0001");
  assert.equal(sqlstateOf(wrapped(sqlError("23505"), 2)), "23505");
});

test("a connection is lost by Node's codes, by the driver's words and by classes 08 and 57P", () => {
  for (const lost of [
    sqlError("ECONNRESET"),
    sqlError("57P01"),
    sqlError("08006"),
    sqlError("CONNECTION_CLOSED"),
    new Error("Connection terminated unexpectedly"),
  ]) {
    assert.ok(isConnectionLost(lost), lost.message);
  }
  assert.ok(!isConnectionLost(sqlError("57014")));
  const denied = sqlError("08006", "unable to accept connection, access denied");
  assert.ok(!isConnectionLost(denied), "a refusal has the code of a lost connection");
  assert.ok(!isConnectionLost(wrapped(denied, 1)));
  assert.ok(!isConnectionLost(new Error("insufficient balance")));
});

test("COMMIT may have been done unless it was clearly refused", () => {
  assert.ok(isOutcomeUnknown(new Error("Connection terminated unexpectedly")));
  assert.ok(isOutcomeUnknown(sqlError("XX000", "server unavailable")));
  assert.ok(!isOutcomeUnknown(sqlError("40001")));
  assert.ok(!isOutcomeUnknown(sqlError("54000", "transaction size limit 10mb exceeded")));
});
