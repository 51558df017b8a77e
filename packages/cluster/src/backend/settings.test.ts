import assert from "node:assert/strict";
import { test } from "node:test";
import { Settings } from "./settings.ts";

const paris = Settings.none.with("timezone", "'Europe/Paris'");

test("a change makes a new value and leaves the old one", () => {
  const both = paris.with("datestyle", "'German'");
  assert.equal(paris.get("datestyle"), undefined);
  assert.equal(both.get("timezone"), "'Europe/Paris'");
});

test("back to the default is back to none", () => {
  assert.equal(paris.with("timezone", undefined), Settings.none);
});

test("the way from one to another sets what differs and resets what is not wanted", () => {
  const target = Settings.none.with("datestyle", "'German'").with("search_path", "a, b");
  assert.equal(paris.changesTo(target), "RESET timezone; SET datestyle TO 'German'; SET search_path TO a, b");
  assert.equal(target.changesTo(Settings.none), "RESET datestyle; RESET search_path");
});

test("there is nothing to do between equal settings", () => {
  assert.equal(paris.changesTo(Settings.none.with("timezone", "'Europe/Paris'")), "");
  assert.equal(paris.changesTo(paris), "");
});

const searchPaths: readonly (readonly [string | undefined, readonly string[]])[] = [
  [undefined, ["pg_catalog", "app", "public"]],
  ["'tenant'", ["pg_catalog", "tenant"]],
  ["'a', 'b'", ["pg_catalog", "a", "b"]],
  ["a, b", ["pg_catalog", "a", "b"]],
  ["'a, b'", ["pg_catalog", "a, b"]],
  ['"Mixed", Folded', ["pg_catalog", "Mixed", "folded"]],
  ["\"a\"\"b\", 'c''d'", ["pg_catalog", 'a"b', "c'd"]],
  ['"$user", public', ["pg_catalog", "app", "public"]],
  ["''", ["pg_catalog", ""]],
];

for (const [value, path] of searchPaths) {
  test(`search_path ${value ?? "left at its default"} leads to ${path.join(" | ")}`, () => {
    assert.deepEqual(Settings.none.with("search_path", value).searchPath("app"), path);
  });
}

test("the search path is each role's own", () => {
  const settings = Settings.none.with("timezone", "'UTC'");
  assert.deepEqual(settings.searchPath("ana"), ["pg_catalog", "ana", "public"]);
  assert.deepEqual(settings.searchPath("ben"), ["pg_catalog", "ben", "public"]);
});
