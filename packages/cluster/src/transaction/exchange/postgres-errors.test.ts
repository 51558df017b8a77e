import assert from "node:assert/strict";
import { test } from "node:test";
import { sqlErrorOf } from "./postgres-errors.ts";

const told = (sqlstate: string, message: string): string => {
  const error = sqlErrorOf(
    new Map([
      ["S", "ERROR"],
      ["C", sqlstate],
      ["M", message],
    ]),
  );
  return `${error.sqlstate} ${error.message}`;
};

test("two changes of one catalog row at the same moment are a conflict of the schema", () => {
  assert.match(told("XX000", "tuple concurrently updated"), /^40001 .*\(OC001\)/);
  assert.match(told("XX000", "tuple concurrently deleted"), /^40001 .*\(OC001\)/);
  assert.match(told("XX000", "could not find tuple for role 51517"), /^40001 .*\(OC001\)/);
  assert.match(told("XX000", "cache lookup failed for function 16412"), /^40001 .*\(OC001\)/);
  assert.equal(told("XX000", "invalid page in block 1"), "XX000 invalid page in block 1");
});
