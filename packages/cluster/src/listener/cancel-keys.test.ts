import assert from "node:assert/strict";
import { test } from "node:test";

import { type Random, systemRandom } from "../base/index.ts";

import { CancelKeys } from "./cancel-keys.ts";

test("process ids are positive and never given twice at a time", () => {
  // An id is the upper 31 bits of a draw, drawn again while it is 0 or taken; the next draw is the secret.
  const drawn = [0, 0, 1, 2, 3, 3, 0xffff_ffff];
  const random: Random = {
    ...systemRandom,
    bytes: (count) => {
      const bytes = Buffer.alloc(count);
      bytes.writeUInt32BE(drawn.shift() ?? 0);
      return bytes;
    },
  };
  const keys = new CancelKeys(random);
  const first = keys.issue(() => undefined);
  const second = keys.issue(() => undefined);
  assert.deepEqual(first, { processId: 1, secretKey: 3 });
  assert.deepEqual(second, { processId: 0x7fff_ffff, secretKey: 0 });
});

test("a negative secret is shown as it was issued", () => {
  let cancelled = 0;
  const keys = new CancelKeys({ ...systemRandom, bytes: (count) => Buffer.alloc(count, 0xfe) });
  const key = keys.issue(() => cancelled++);
  assert.ok(key.secretKey < 0);
  assert.ok(keys.cancel(key));
  assert.ok(!keys.cancel({ ...key, secretKey: -key.secretKey }));
  keys.withdraw(key);
  assert.ok(!keys.cancel(key));
  assert.equal(cancelled, 1);
});
