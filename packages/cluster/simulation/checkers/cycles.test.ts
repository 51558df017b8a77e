/** Faults injected into histories: the search finds each, by its name, and finds nothing where nothing is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListTransaction } from "../workloads/lists.ts";
import { seededRandom } from "../seeded-random.ts";
import { type Anomaly, findCycle } from "./cycles.ts";

const any = { from: 0, until: Infinity };

function transaction(
  name: string,
  reads: Readonly<Record<number, string>>,
  appends: Readonly<Record<number, string>>,
  outcome: ListTransaction["outcome"] = "committed",
): ListTransaction {
  const elements = (text: string): string[] => text.split("").filter((one) => one !== " ");
  return {
    name,
    outcome,
    snapshot: any,
    commit: any,
    reads: Object.entries(reads).map(([list, text]) => ({ list: Number(list), elements: elements(text) })),
    appends: new Map(Object.entries(appends).map(([list, text]) => [Number(list), elements(text)])),
  };
}

function lists(of: Readonly<Record<number, string>>): ReadonlyMap<number, readonly string[]> {
  return new Map(Object.entries(of).map(([list, text]) => [Number(list), text.split("")]));
}

const histories: readonly (readonly [
  string,
  Anomaly | undefined,
  ListTransaction[],
  Record<number, string>,
])[] = [
  [
    "one after the other",
    undefined,
    [transaction("A", { 1: "" }, { 1: "a" }), transaction("B", { 1: "a" }, { 1: "b", 2: "c" })],
    { 1: "ab", 2: "c" },
  ],
  [
    "write skew, which snapshot isolation allows",
    undefined,
    [transaction("A", { 1: "" }, { 2: "a" }), transaction("B", { 2: "" }, { 1: "b" })],
    { 1: "b", 2: "a" },
  ],
  [
    "writes that interleave",
    "G0",
    [transaction("A", {}, { 1: "a", 2: "b" }), transaction("B", {}, { 1: "c", 2: "d" })],
    { 1: "ac", 2: "db" },
  ],
  [
    "two that have read one another",
    "G1c",
    [transaction("A", { 2: "b" }, { 1: "a" }), transaction("B", { 1: "a" }, { 2: "b" })],
    { 1: "a", 2: "b" },
  ],
  [
    "what was not committed is read",
    "G1a",
    [transaction("A", {}, { 1: "a" }, "conflicted"), transaction("B", { 1: "a" }, {})],
    { 1: "" },
  ],
  [
    "a lost update",
    "G-single",
    [transaction("A", { 1: "" }, { 1: "a" }), transaction("B", { 1: "" }, { 1: "b" })],
    { 1: "ab" },
  ],
  [
    "half of another's commit is seen",
    "G-single",
    [transaction("A", {}, { 1: "a", 2: "b" }), transaction("B", { 1: "a", 2: "" }, {})],
    { 1: "a", 2: "b" },
  ],
  [
    "two readers see two commits in opposite orders",
    "G-SI",
    [
      transaction("A", {}, { 1: "a" }),
      transaction("B", {}, { 2: "b" }),
      transaction("C", { 1: "a", 2: "" }, {}),
      transaction("D", { 1: "", 2: "b" }, {}),
    ],
    { 1: "a", 2: "b" },
  ],
  [
    "an element that the list does not keep",
    "incompatible order",
    [transaction("A", {}, { 1: "a" }), transaction("B", { 1: "b" }, { 1: "b" })],
    { 1: "ab" },
  ],
];

for (const [name, anomaly, history, final] of histories) {
  test(`${name}: ${anomaly ?? "no anomaly"}`, () => {
    assert.equal(findCycle(history, lists(final))?.anomaly, anomaly);
  });
}

/** A history that is right by construction: each reads the lists as they are, and appends to some. */
function rightHistory(seed: number): { history: ListTransaction[]; final: Map<number, string[]> } {
  const random = seededRandom(seed);
  const final = new Map<number, string[]>([1, 2, 3, 4].map((list) => [list, []]));
  const history = Array.from({ length: 400 }, (_, number): ListTransaction => {
    const reads = [1 + random.below(4), 1 + random.below(4)].map((list) => ({
      list,
      elements: [...(final.get(list) ?? [])],
    }));
    const list = 1 + random.below(4);
    const element = `T${number}`;
    final.get(list)?.push(element);
    const appends = new Map([[list, [element]]]);
    return { name: element, outcome: "committed", snapshot: any, commit: any, reads, appends };
  });
  return { history, final };
}

test("a long history without a fault has none; with one read that is too old it has", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { history, final } = rightHistory(seed);
    assert.equal(findCycle(history, final), undefined);
    // One that appends to the list that it has read too little of: the update between is lost.
    const at = history.findIndex(
      ({ reads, appends }, place) =>
        place > 100 && reads.some((read) => appends.has(read.list) && read.elements.length > 2),
    );
    const victim = history[at];
    assert.ok(victim !== undefined);
    history[at] = {
      ...victim,
      reads: victim.reads.map((read) => ({ ...read, elements: read.elements.slice(0, -1) })),
    };
    assert.equal(findCycle(history, final)?.anomaly, "G-single", `seed ${seed}`);
  }
});
