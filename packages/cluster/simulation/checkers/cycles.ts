/**
 * Looks for anomalies in a history of appends to lists by the dependencies between its transactions, without regard to time.
 *
 * Every element is appended once, so a list tells the order in which its writers committed (ww), a read tells whose commits it
 * has seen (wr) and whose not (rw). Under snapshot isolation some circles of these cannot be:
 *
 * - G0: of ww alone: writes interleave.
 * - G1c: of ww and wr: somebody has read what was not committed before it.
 * - G-single: with exactly one rw: a lost update or a torn snapshot.
 * - two rw in a row may close a circle: write skew, which snapshot isolation allows. With two or more that never follow one
 *   another it may not (G-SI: a circle in which no two rw are neighbours).
 *
 * The idea is that of Elle (Kingsbury and Alvaro, VLDB 2020); the definitions are Adya's.
 * Tests: cycles.test.ts, with faults injected into histories.
 */
import type { ListTransaction } from "../workloads/lists.ts";

type Kind = "ww" | "wr" | "rw";

interface Edge {
  readonly to: number;
  readonly kind: Kind;
}

export type Anomaly = "G1a" | "incompatible order" | "G0" | "G1c" | "G-single" | "G-SI";

export interface Finding {
  readonly anomaly: Anomaly;
  readonly words: string;
}

type Lists = ReadonlyMap<number, readonly string[]>;

/** @param finalLists - what the lists contain when all is done */
export function findCycle(history: readonly ListTransaction[], finalLists: Lists): Finding | undefined {
  const committed = history.filter(({ outcome }) => outcome === "committed");
  const writers = writerOfEach(history);
  const badRead = findBadRead(committed, finalLists, writers);
  if (badRead !== undefined) return badRead;
  const edges = dependencies(committed, finalLists);
  const named = (anomaly: Anomaly, circle: readonly number[] | undefined): Finding | undefined =>
    circle && {
      anomaly,
      words: `${anomaly}: ${circle.map((one) => committed[one]?.name ?? "").join(" → ")}`,
    };
  return (
    named("G0", findCircle(edges, new Set(["ww"]))) ??
    named("G1c", findCircle(edges, new Set(["ww", "wr"]))) ??
    findWithReads(edges, named)
  );
}

function writerOfEach(history: readonly ListTransaction[]): ReadonlyMap<string, ListTransaction> {
  return new Map(
    history.flatMap((one) => [...one.appends.values()].flat().map((element) => [element, one] as const)),
  );
}

/** A read is a beginning of the final list, and holds nothing of those who have not committed. */
function findBadRead(
  committed: readonly ListTransaction[],
  finalLists: Lists,
  writers: ReadonlyMap<string, ListTransaction>,
): Finding | undefined {
  for (const { name, reads } of committed) {
    for (const { list, elements } of reads) {
      const aborted = elements.find((element) => writers.get(element)?.outcome !== "committed");
      if (aborted !== undefined)
        return {
          anomaly: "G1a",
          words: `${name} has read ${aborted} of list ${list}, which was not committed`,
        };
      const final = finalLists.get(list) ?? [];
      if (elements.some((element, place) => final[place] !== element)) {
        const words = `${name} has read ${elements.join()} of list ${list}, which became ${final.join()}`;
        return { anomaly: "incompatible order", words };
      }
    }
  }
  return undefined;
}

function dependencies(committed: readonly ListTransaction[], finalLists: Lists): readonly Edge[][] {
  const edges: Edge[][] = committed.map(() => []);
  const add = (from: number | undefined, to: number | undefined, kind: Kind): void => {
    if (from !== undefined && to !== undefined && from !== to) edges[from]?.push({ to, kind });
  };
  const number = new Map<string, number>();
  for (const [index, { appends }] of committed.entries())
    for (const element of [...appends.values()].flat()) number.set(element, index);
  for (const elements of finalLists.values()) {
    for (const [place, element] of elements.entries())
      add(number.get(elements[place - 1] ?? ""), number.get(element), "ww");
  }
  for (const [index, { reads }] of committed.entries()) {
    for (const { list, elements } of reads) {
      const final = finalLists.get(list) ?? [];
      add(number.get(elements.at(-1) ?? ""), index, "wr");
      // The first writer after it that is not the reader itself.
      const next = final.slice(elements.length).find((element) => number.get(element) !== index);
      add(index, next === undefined ? undefined : number.get(next), "rw");
    }
  }
  return edges;
}

/** A circle of edges of these kinds, by Tarjan's strongly connected components; the numbers of one of them. */
function findCircle(edges: readonly (readonly Edge[])[], kinds: ReadonlySet<Kind>): number[] | undefined {
  return components(edges.length, (from) =>
    (edges[from] ?? []).filter(({ kind }) => kinds.has(kind)).map(({ to }) => to),
  ).find((component) => component.length > 1);
}

/**
 * Circles with rw. A walk remembers whether the edge before was rw: then only ww or wr may follow. Snapshot isolation forbids
 * exactly the circles of such walks.
 */
function findWithReads(
  edges: readonly (readonly Edge[])[],
  named: (anomaly: Anomaly, circle: readonly number[] | undefined) => Finding | undefined,
): Finding | undefined {
  // Node 2n: n, reached by ww or wr; node 2n + 1: n, reached by rw.
  const next = (node: number): number[] =>
    (edges[node >> 1] ?? [])
      .filter(({ kind }) => kind !== "rw" || node % 2 === 0)
      .map(({ to, kind }) => to * 2 + (kind === "rw" ? 1 : 0));
  const component = components(edges.length * 2, next).find((one) => one.length > 1);
  if (component === undefined) return undefined;
  const circle = shortestCircle(component, next);
  const rw = circle.filter((node) => node % 2 === 1).length;
  return named(
    rw <= 1 ? "G-single" : "G-SI",
    circle.map((node) => node >> 1),
  );
}

/** The shortest way from a member of the component back to it. */
function shortestCircle(component: readonly number[], next: (node: number) => readonly number[]): number[] {
  const members = new Set(component);
  let shortest: number[] | undefined;
  for (const start of component.slice(0, 50)) {
    const from = new Map<number, number>();
    const queue = [start];
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
      for (const to of next(node)) {
        if (!members.has(to) || from.has(to)) continue;
        from.set(to, node);
        queue.push(to);
      }
      if (from.has(start)) break;
    }
    const circle = [start];
    for (let node = from.get(start); node !== undefined && node !== start; node = from.get(node))
      circle.unshift(node);
    if (shortest === undefined || circle.length < shortest.length) shortest = circle;
  }
  return shortest ?? [...component];
}

/** Tarjan's algorithm, without recursion: histories are long. */
function components(count: number, next: (node: number) => readonly number[]): number[][] {
  const index = new Int32Array(count).fill(-1);
  const low = new Int32Array(count);
  const isOpen = new Uint8Array(count);
  const open: number[] = [];
  const found: number[][] = [];
  let counter = 0;
  for (let root = 0; root < count; root += 1) {
    if (index[root] !== -1) continue;
    const work: { node: number; to: readonly number[]; at: number }[] = [];
    const enter = (node: number): void => {
      index[node] = low[node] = counter;
      counter += 1;
      open.push(node);
      isOpen[node] = 1;
      work.push({ node, to: next(node), at: 0 });
    };
    enter(root);
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const to = top.to[top.at];
      if (to !== undefined) {
        top.at += 1;
        if (index[to] === -1) enter(to);
        else if (isOpen[to] === 1) low[top.node] = Math.min(low[top.node] ?? 0, index[to] ?? 0);
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent !== undefined) low[parent.node] = Math.min(low[parent.node] ?? 0, low[top.node] ?? 0);
      if (low[top.node] !== index[top.node]) continue;
      const component: number[] = [];
      for (let node = open.pop(); node !== undefined; node = open.pop()) {
        isOpen[node] = 0;
        component.push(node);
        if (node === top.node) break;
      }
      found.push(component);
    }
  }
  return found;
}
