import assert from "node:assert/strict";
import { test } from "node:test";
import { base32 } from "./cluster-file.ts";

// Source of the first five: RFC 4648, section 10, without padding and in small letters.
const vectors: Record<string, string> = {
  f: "my",
  fo: "mzxq",
  foo: "mzxw6",
  fooba: "mzxw6ytb",
  foobar: "mzxw6ytboi",
  "": "",
};

for (const [text, encoded] of Object.entries(vectors)) {
  test(`base32 of "${text}" is "${encoded}"`, () => {
    assert.equal(base32(Buffer.from(text)), encoded);
  });
}

test("16 bytes give 26 characters", () => {
  assert.equal(base32(Buffer.alloc(16, 0xff)), "7777777777777777777777777" + "4");
});
