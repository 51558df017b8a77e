/**
 * Sessions that append to lists at the same time. A row holds a list, and every element is appended once in a history,
 * so the final lists tell in which order their writers committed, and every read tells what its snapshot contained.
 *
 * The idea of checking isolation by lists is that of Elle (Kingsbury and Alvaro, VLDB 2020).
 */
import type { Answer, DatabaseSession } from "../database.ts";
import type { SeededRandom } from "../seeded-random.ts";

/** When something happened, as far as a client can tell: at some moment between two. Milliseconds. */
export interface Interval {
  readonly from: number;
  readonly until: number;
}

export interface ListTransaction {
  readonly name: string;
  /** When the snapshot was taken: from before BEGIN until the answer to the first statement. */
  readonly snapshot: Interval;
  readonly commit: Interval;
  readonly outcome: "committed" | "conflicted";
  /** What it read of each list, without what it had appended itself. */
  readonly reads: readonly { readonly list: number; readonly elements: readonly string[] }[];
  readonly appends: ReadonlyMap<number, readonly string[]>;
}

export const listCount = 6;

export const setup: readonly string[] = [
  "CREATE TABLE list (id int PRIMARY KEY, elements text NOT NULL)",
  `INSERT INTO list SELECT n, '' FROM generate_series(1, ${listCount}) AS n`,
];

export const elementsOf = (text: string): string[] => text.split(",").filter((element) => element !== "");

/** An answer that the workload does not allow for, or own writes that are not there. */
export class Unexpected extends Error {
  override readonly name = "Unexpected";
}

/**
 * Runs one transaction of some reads and appends.
 *
 * @param name - unique in the history; its elements are `<name>.1`, `<name>.2` …
 */
export async function runListTransaction(
  database: DatabaseSession,
  random: SeededRandom,
  name: string,
): Promise<ListTransaction> {
  const appends = new Map<number, string[]>();
  const reads: { list: number; elements: string[] }[] = [];
  const began = performance.now();
  await must(database, "BEGIN");
  let snapshotUntil = 0;
  const operations = 1 + random.below(4);
  for (let index = 0; index < operations; index += 1) {
    const list = 1 + random.below(listCount);
    const own = appends.get(list) ?? [];
    if (index > 0 && index === operations - 1 && random.chance(40)) {
      // Its COMMIT is at the server before this is answered.
      own.push(`${name}.${index + 1}`);
      appends.set(list, own);
      const from = performance.now();
      const answer = await database.runTogether([appendText(list, `${name}.${index + 1}`), "COMMIT"]);
      return {
        name,
        snapshot: { from: began, until: snapshotUntil },
        commit: { from, until: performance.now() },
        outcome: outcomeOf(answer),
        reads,
        appends,
      };
    }
    if (random.chance(55)) {
      own.push(`${name}.${index + 1}`);
      appends.set(list, own);
      const answer = await append(database, random, list, `${name}.${index + 1}`);
      if (answer.rows.length > 0) reads.push({ list, elements: without(own, answer) });
    } else {
      const answer = await must(database, "SELECT elements FROM list WHERE id = $1", [list]);
      reads.push({ list, elements: without(own, answer) });
    }
    if (index === 0) snapshotUntil = performance.now();
  }
  const committing = performance.now();
  const answer = await database.run("COMMIT");
  return {
    name,
    snapshot: { from: began, until: snapshotUntil },
    commit: { from: committing, until: performance.now() },
    outcome: outcomeOf(answer),
    reads,
    appends,
  };
}

function append(
  database: DatabaseSession,
  random: SeededRandom,
  list: number,
  element: string,
): Promise<Answer> {
  const returning = random.chance(50) ? " RETURNING elements" : "";
  return must(database, appendText(list, element) + returning);
}

const appendText = (list: number, element: string): string =>
  `UPDATE list SET elements = elements || ',${element}' WHERE id = ${list}`;

async function must(database: DatabaseSession, sql: string, values?: readonly number[]): Promise<Answer> {
  const answer = await database.run(sql, values);
  if (answer.error !== undefined) {
    throw new Unexpected(`${answer.error.sqlstate} ${answer.error.message} before COMMIT, from: ${sql}`);
  }
  return answer;
}

function outcomeOf({ error, command }: Answer): ListTransaction["outcome"] {
  if (error?.sqlstate === "40001") return "conflicted";
  if (error === undefined && command === "COMMIT") return "committed";
  throw new Unexpected(
    `COMMIT answered ${error === undefined ? command : `${error.sqlstate} ${error.message}`}`,
  );
}

/** The elements read, which must end with one's own. */
function without(own: readonly string[], answer: Answer): string[] {
  const elements = elementsOf(answer.rows[0]?.[0] ?? "");
  const others = elements.slice(0, elements.length - own.length);
  if (elements.slice(others.length).join() !== own.join()) {
    throw new Unexpected(
      `read ${elements.join()}, which does not end with the transaction's own ${own.join()}`,
    );
  }
  return others;
}
