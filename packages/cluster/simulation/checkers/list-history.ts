/**
 * Judges a history of concurrent appends (`workloads/lists.ts`): is there a moment for every snapshot and every commit,
 * within the time in which the client saw them happen, so that
 * - a snapshot contains exactly what was committed before it, and
 * - of two transactions that append to one list, the later takes its snapshot after the earlier's commit
 *   (first-committer-wins: none may overlap)?
 * And has every transaction that lost met another that may have beaten it?
 */
import type { Interval, ListTransaction } from "../workloads/lists.ts";

type Lists = ReadonlyMap<number, readonly string[]>;

/** @param finalLists - what the lists contain when all is done */
export function findListProblem(history: readonly ListTransaction[], finalLists: Lists): string | undefined {
  const committed = history.filter(({ outcome }) => outcome === "committed");
  return (
    findLostOrInvented(committed, finalLists) ??
    findNoMoments(committed, finalLists) ??
    findNeedlessConflict(history, committed)
  );
}

/** What was committed is there once, and nothing else is there. */
function findLostOrInvented(committed: readonly ListTransaction[], finalLists: Lists): string | undefined {
  for (const [list, elements] of finalLists) {
    const appended = committed.flatMap(({ appends }) => appends.get(list) ?? []);
    const missing = appended.filter((element) => !elements.includes(element));
    if (missing.length > 0) return `list ${list} lost ${missing.join(", ")}, which was committed`;
    if (elements.length > appended.length) {
      return `list ${list} holds what nobody committed once: ${elements.filter((element) => !appended.includes(element)).join(", ")}`;
    }
  }
  return undefined;
}

/** A snapshot or a commit: some moment within an interval, after certain others. */
interface Event {
  readonly name: string;
  readonly interval: Interval;
  readonly after: Set<Event>;
}

function findNoMoments(committed: readonly ListTransaction[], finalLists: Lists): string | undefined {
  const snapshots = new Map<ListTransaction, Event>();
  const commits = new Map<ListTransaction, Event>();
  for (const transaction of committed) {
    const snapshot = {
      name: `snapshot of ${transaction.name}`,
      interval: transaction.snapshot,
      after: new Set<Event>(),
    };
    snapshots.set(transaction, snapshot);
    commits.set(transaction, {
      name: `commit of ${transaction.name}`,
      interval: transaction.commit,
      after: new Set([snapshot]),
    });
  }
  for (const [list, elements] of finalLists) {
    const writers = writersInOrder(committed, list, elements);
    for (const [index, writer] of writers.entries()) {
      const next = writers[index + 1];
      if (next !== undefined) snapshots.get(next)?.after.add(of(commits, writer));
    }
    for (const reader of committed) {
      for (const read of reader.reads.filter((one) => one.list === list)) {
        const problem = placeRead(reader, read.elements, writers, list, snapshots, commits);
        if (problem !== undefined) return problem;
      }
    }
  }
  return findUnplaceable([...snapshots.values(), ...commits.values()]);
}

function of(events: ReadonlyMap<ListTransaction, Event>, transaction: ListTransaction): Event {
  const event = events.get(transaction);
  if (event === undefined) throw new Error(`${transaction.name} has no event`);
  return event;
}

function writersInOrder(
  committed: readonly ListTransaction[],
  list: number,
  elements: readonly string[],
): ListTransaction[] {
  const writers = committed.filter(({ appends }) => appends.has(list));
  return writers.sort(
    (left, right) =>
      elements.indexOf(left.appends.get(list)?.[0] ?? "") -
      elements.indexOf(right.appends.get(list)?.[0] ?? ""),
  );
}

/** The read contains whole transactions from the beginning of the list on: those are before its snapshot, the next is after. */
function placeRead(
  reader: ListTransaction,
  elements: readonly string[],
  writers: readonly ListTransaction[],
  list: number,
  snapshots: ReadonlyMap<ListTransaction, Event>,
  commits: ReadonlyMap<ListTransaction, Event>,
): string | undefined {
  const expected: string[] = [];
  let seen = 0;
  while (expected.length < elements.length && seen < writers.length) {
    expected.push(...(writers[seen]?.appends.get(list) ?? []));
    seen += 1;
  }
  if (expected.join() !== elements.join()) {
    return `${reader.name} read of list ${list} ${elements.join(", ")}; by commits it should be ${expected.join(", ")}`;
  }
  const last = writers[seen - 1];
  if (last !== undefined) of(snapshots, reader).after.add(of(commits, last));
  const next = writers[seen];
  if (next !== undefined && next !== reader) of(commits, next).after.add(of(snapshots, reader));
  return undefined;
}

/** Gives each event the earliest moment that it can have; finds one whose interval is over by then, or a circle. */
function findUnplaceable(events: readonly Event[]): string | undefined {
  const moments = new Map<Event, number>();
  const underWay = new Set<Event>();
  const place = (event: Event): string | undefined => {
    if (moments.has(event)) return undefined;
    if (underWay.has(event))
      return `no order of snapshots and commits explains what was read: a circle through the ${event.name}`;
    underWay.add(event);
    let moment = event.interval.from;
    for (const earlier of event.after) {
      const problem = place(earlier);
      if (problem !== undefined) return `${problem}, which the ${event.name} must follow`;
      moment = Math.max(moment, moments.get(earlier) ?? moment);
    }
    if (moment > event.interval.until) {
      return `the ${event.name} was over before what it must follow: ${[...event.after].map(({ name }) => name).join(", ")}`;
    }
    underWay.delete(event);
    moments.set(event, moment);
    return undefined;
  };
  for (const event of events) {
    const problem = place(event);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A transaction loses only to one that wrote a list of its own and may have committed after its snapshot. */
function findNeedlessConflict(
  history: readonly ListTransaction[],
  committed: readonly ListTransaction[],
): string | undefined {
  const needless = history.find(
    (loser) =>
      loser.outcome === "conflicted" &&
      !committed.some(
        (winner) =>
          [...winner.appends.keys()].some((list) => loser.appends.has(list)) &&
          winner.commit.until >= loser.snapshot.from &&
          winner.commit.from <= loser.commit.until,
      ),
  );
  return needless === undefined
    ? undefined
    : `${needless.name} lost although nobody committed one of its lists meanwhile`;
}
