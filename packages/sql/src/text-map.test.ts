import assert from "node:assert/strict";
import { test } from "node:test";
import { characterOffset, countCharacters, createTextMap } from "./text-map.ts";

const text = "aé東\u{1F600}z";

test("an offset in bytes is found in UTF-16 units", () => {
  const map = createTextMap(text);
  assert.deepEqual(
    [0, 1, 3, 6, 10, 11].map((byte) => map.fromByte(byte)),
    [0, 1, 2, 3, 5, 6],
  );
  assert.equal(map.fromByte(99), text.length);
});

test("ASCII text needs no map", () => {
  assert.equal(createTextMap("select 1").fromByte(7), 7);
});

test("characters are counted once, also those of two units", () => {
  assert.equal(countCharacters(text), 5);
  assert.equal(countCharacters(text, 3), 3);
});

test("a character's offset is in units", () => {
  assert.deepEqual(
    [0, 3, 4, 5, 9].map((characters) => characterOffset(text, characters)),
    [0, 3, 5, 6, 6],
  );
});
