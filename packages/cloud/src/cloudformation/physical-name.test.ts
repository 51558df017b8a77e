import assert from "node:assert/strict";
import { test } from "node:test";

import { physicalName } from "./physical-name.ts";

test("a name is made of stack, logical id and 12 random characters", () => {
  assert.match(physicalName("Stack", "Function", { lengthMax: 64 }), /^Stack-Function-[A-Za-z0-9]{12}$/);
  assert.notEqual(physicalName("S", "F", { lengthMax: 64 }), physicalName("S", "F", { lengthMax: 64 }));
});

test("a long name is cut to the limit and keeps its three parts", () => {
  const name = physicalName("S".repeat(100), "L".repeat(100), { lengthMax: 64 });
  assert.equal(name.length, 64);
  assert.match(name, /^S{25}-L{25}-[A-Za-z0-9]{12}$/);
});

test("a bucket's name is lower case", () => {
  assert.match(
    physicalName("Stack", "Bucket", { lengthMax: 63, isLowerCase: true }),
    /^stack-bucket-[a-z0-9]{12}$/,
  );
});
