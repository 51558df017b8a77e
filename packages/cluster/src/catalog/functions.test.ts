import assert from "node:assert/strict";
import { test } from "node:test";
import { functionFacts } from "./functions.ts";

const facts = functionFacts(new Set(["random", "touch", "log_visit", "outer_log", "pick", "lock_row"]), [
  { name: "touch", body: "UPDATE account SET seen = now() WHERE id = $1" },
  { name: "log_visit", body: "INSERT INTO visit VALUES (gen_random_uuid(), $1)" },
  { name: "outer_log", body: "SELECT log_visit($1)" },
  { name: "pick", body: "SELECT random() * $1" },
  { name: "lock_row", body: "SELECT id FROM account WHERE id = $1 FOR UPDATE" },
]);

test("a function writes if its body does, or calls one that does", () => {
  assert.deepEqual([...facts.writing].sort(), ["lock_row", "log_visit", "outer_log", "set_config", "touch"]);
});

test("what writes by values that the caller can count on is repeatable", () => {
  assert.deepEqual([...facts.unrepeatable].sort(), ["log_visit", "outer_log"]);
});

test("one that writes values of random() is not", () => {
  const { unrepeatable } = functionFacts(new Set(["random", "shuffle"]), [
    { name: "shuffle", body: "UPDATE deck SET place = random()" },
  ]);
  assert.deepEqual([...unrepeatable], ["shuffle"]);
});
