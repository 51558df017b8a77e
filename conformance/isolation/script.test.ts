import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptError } from "../script/lines.ts";
import { interleavings, interleavingsMax } from "./interleavings.ts";
import { isolationChecks } from "./index.ts";
import { parseIsolationScript } from "./script.ts";

const head = "# About something.\n# Source: somewhere\n";
const steps = `A.write  BEGIN; UPDATE t SET x = ';' WHERE id = 1
A.commit COMMIT
B.read   SELECT x
         FROM t
`;
const parse = (text: string): ReturnType<typeof parseIsolationScript> =>
  parseIsolationScript("some.script", head + text);

function refusal(text: string): string {
  try {
    parseIsolationScript("some.script", text);
  } catch (error) {
    if (error instanceof ScriptError) return error.message;
    throw error;
  }
  throw new Error("the script should have been refused");
}

test("steps keep their sessions and their statements, cut at semicolons outside of quotes", () => {
  const script = parse(`${steps}order A.write B.read A.commit\n`);
  assert.deepEqual(script.steps.get("A.write")?.statements, ["BEGIN", "UPDATE t SET x = ';' WHERE id = 1"]);
  assert.equal(script.steps.get("B.read")?.session, "B");
  assert.deepEqual(script.steps.get("B.read")?.statements, ["SELECT x\nFROM t"]);
});

test("order all is every interleaving that keeps each session's own order", () => {
  const { cases } = parse(`${steps}order all\n`);
  assert.deepEqual(
    cases.map(({ order }) => order.join(" ")),
    ["A.write A.commit B.read", "A.write B.read A.commit", "B.read A.write A.commit"],
  );
});

test("expectations belong to the orders right above them, or to all when they come first", () => {
  const { cases } = parse(`${steps}expect A.commit succeeds
order A.write A.commit B.read
order A.write B.read A.commit
expect B.read gives 1
order B.read A.write A.commit
expect B.read gives 2
`);
  const lines = cases.map(({ expectations }) => expectations.map(({ line }) => line));
  assert.deepEqual(lines, [
    [7, 10],
    [7, 10],
    [7, 12],
  ]);
});

test("when limits an expectation to the orders in which the steps follow each other so", () => {
  const { cases } = parse(
    `${steps}order all\nexpect B.read gives CASE when B.read A.commit or A.write B.read\n`,
  );
  assert.deepEqual(
    cases.map(({ expectations }) => expectations.length),
    [1, 1, 1],
  );
  const narrow = parse(`${steps}order all\nexpect B.read gives 1 when B.read A.write\n`);
  assert.deepEqual(
    narrow.cases.map(({ expectations }) => expectations.length),
    [0, 0, 1],
  );
});

test("claims are read with their values", () => {
  const { cases } = parse(`${steps}order A.write B.read A.commit
expect A.commit fails 40001 OC000
expect B.read gives 1,60; 2,null
expect SELECT ' gives ' FROM t gives nothing
`);
  assert.deepEqual(
    cases[0]?.expectations.map(({ claim }) => claim),
    [
      { kind: "fails", sqlstate: "40001", occ: "OC000" },
      {
        kind: "gives",
        rows: [
          ["1", "60"],
          ["2", "null"],
        ],
      },
      { kind: "gives", rows: [] },
    ],
  );
  assert.deepEqual(cases[0]?.expectations[2]?.subject, { finalSelect: "SELECT ' gives ' FROM t" });
});

test("a mistake is refused with file and line", () => {
  assert.equal(
    refusal(`${head}A.x SELECT 1\norder A.x A.y\n`),
    "some.script:4: the order names a step twice or an unknown one",
  );
  assert.equal(
    refusal(`${head}${steps}order A.write B.read\n`),
    "some.script:7: the order leaves out A.commit",
  );
  assert.equal(
    refusal(`${head}${steps}order A.commit A.write B.read\n`),
    "some.script:7: the order changes the order within a session",
  );
  assert.equal(
    refusal(`${head}${steps}order all\nexpect C.x succeeds\n`),
    "some.script:8: there is no step C.x",
  );
  assert.match(
    refusal(`${head}${steps}order all\nexpect B.read shows 1\n`),
    /^some\.script:8: "shows 1" is neither/,
  );
  assert.match(refusal(`${head}${steps}orders all\n`), /^some\.script:7: "orders" is neither/);
  assert.match(refusal(steps), /a script begins with a comment/);
  assert.match(refusal(`# About something.\n${steps}`), /names its source/);
});

test("more interleavings than can be run are refused", () => {
  const sequence = (name: string): string[] => Array.from({ length: 8 }, (_, n) => `${name}${n}`);
  assert.equal(interleavings([sequence("a"), sequence("b")]), undefined);
  assert.ok(
    (interleavings([
      ["a", "b", "c", "d"],
      ["e", "f", "g", "h"],
    ])?.length ?? 0) < interleavingsMax,
  );
});

test("every script of the suite can be read", async () => {
  assert.ok((await isolationChecks()).length > 500);
});
