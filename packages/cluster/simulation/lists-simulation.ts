/** Many sessions at once, each running transactions on lists until the time is over; then the history is judged. */
import { findCycle } from "./checkers/cycles.ts";
import { findListProblem } from "./checkers/list-history.ts";
import type { OpenSession } from "./database.ts";
import type { Outcome } from "./rows-simulation.ts";
import { seededRandom } from "./seeded-random.ts";
import { elementsOf, type ListTransaction, runListTransaction, setup } from "./workloads/lists.ts";

export interface ListsOptions {
  readonly seed: number;
  readonly sessions: number;
  readonly transactionsPerSession: number;
}

/** Judging compares transactions with one another, so a history has a bound. */
const transactionsMax = 5_000;

export async function simulateLists(open: OpenSession, options: ListsOptions): Promise<Outcome> {
  const { seed, sessions } = options;
  const perSession = Math.min(options.transactionsPerSession, Math.floor(transactionsMax / sessions));
  const keeper = await open();
  for (const sql of ["DROP TABLE IF EXISTS list", ...setup]) {
    const { error } = await keeper.run(sql);
    if (error !== undefined) throw new Error(`${error.message}, from: ${sql}`);
  }
  const history: ListTransaction[] = [];
  const problems: string[] = [];
  await Promise.all(
    Array.from({ length: sessions }, async (_, index) => {
      const random = seededRandom(seed * 1_000 + index);
      const database = await open();
      try {
        for (let count = 1; count <= perSession && problems.length === 0; count += 1) {
          history.push(await runListTransaction(database, random, `S${index + 1}T${count}`));
        }
      } catch (error) {
        problems.push(`S${index + 1}: ${(error as Error).message}`);
      } finally {
        database.vanish();
      }
    }),
  );
  const { rows } = await keeper.run("SELECT id, elements FROM list ORDER BY id");
  await keeper.close();
  const finalLists = new Map(rows.map(([id, elements]) => [Number(id), elementsOf(elements ?? "")]));
  const problem =
    problems[0] ?? findListProblem(history, finalLists) ?? findCycle(history, finalLists)?.words;
  const committed = history.filter(({ outcome }) => outcome === "committed").length;
  return {
    ...(problem === undefined ? {} : { problem }),
    history: history.map(showTransaction),
    transactions: history.length,
    committed,
    conflicted: history.length - committed,
  };
}

const showTransaction = ({ name, snapshot, commit, outcome, reads, appends }: ListTransaction): string =>
  [
    `${name} ${outcome}`,
    `snapshot ${snapshot.from.toFixed(2)}–${snapshot.until.toFixed(2)} ms`,
    `commit ${commit.from.toFixed(2)}–${commit.until.toFixed(2)} ms`,
    `read ${reads.map(({ list, elements }) => `${list}:…${elements.at(-1) ?? ""}`).join(" ")}`,
    `appended to ${[...appends.keys()].join(" ")}`,
  ].join(", ");
