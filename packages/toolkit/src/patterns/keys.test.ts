import assert from "node:assert/strict";
import { test } from "node:test";
import { timestampOfUuidV7, uuidV4, uuidV7 } from "./keys.ts";

test("ids of version 7 ascend, within a millisecond and when the clock is set back", () => {
  const nowMs = Date.now();
  const ids = Array.from({ length: 10_000 }, (_, index) => uuidV7(index < 5_000 ? nowMs : nowMs - 60_000));
  assert.deepEqual(ids, ids.toSorted());
  assert.equal(new Set(ids).size, ids.length);
});

test("an id of version 7 tells when it was made", () => {
  const futureMs = Date.now() + 86_400_000;
  assert.equal(timestampOfUuidV7(uuidV7(futureMs)), futureMs);
  assert.throws(() => timestampOfUuidV7(uuidV4()), /version 7/);
});
