import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { jobIdText, jobIdUuid } from "./job-id.ts";

test("a job's identifier is 26 characters of base32 and leads back to its UUID", () => {
  for (let round = 0; round < 1_000; round++) {
    const uuid = randomUUID();
    const text = jobIdText(uuid);
    assert.match(text, /^[a-z2-7]{26}$/);
    assert.equal(jobIdUuid(text), uuid);
  }
});

test("the smallest and the largest UUID have their identifiers", () => {
  const none = "00000000-0000-0000-0000-000000000000";
  const all = "ffffffff-ffff-ffff-ffff-ffffffffffff";
  assert.equal(jobIdText(none), "a".repeat(26));
  assert.equal(jobIdText(all), `${"7".repeat(25)}4`);
  assert.equal(jobIdUuid(jobIdText(none)), none);
  assert.equal(jobIdUuid(jobIdText(all)), all);
});

for (const text of [
  "",
  "a".repeat(25),
  "a".repeat(27),
  "A".repeat(26),
  "1".repeat(26),
  `${"a".repeat(25)}b`,
]) {
  test(`"${text}" is no job identifier`, () => {
    assert.equal(jobIdUuid(text), undefined);
  });
}
