/** Many sessions at once on tables with keys, some of them changing the catalog beside; then what is left is judged. */
import { findMetShare } from "./checkers/shares.ts";
import type { DatabaseSession, OpenSession } from "./database.ts";
import type { Outcome } from "./rows-simulation.ts";
import { type SeededRandom, seededRandom } from "./seeded-random.ts";
import {
  Broken,
  checkRule,
  type KeyTransaction,
  rules,
  runKeyTransaction,
  setup,
  tearDown,
} from "./workloads/keys.ts";

export interface KeysOptions {
  readonly seed: number;
  readonly sessions: number;
  readonly transactionsPerSession: number;
}

export async function simulateKeys(open: OpenSession, options: KeysOptions): Promise<Outcome> {
  const { seed, sessions, transactionsPerSession } = options;
  const keeper = await open();
  for (const sql of [...tearDown, ...setup]) await mustPass(keeper, sql);
  const history: KeyTransaction[] = [];
  const problems: string[] = [];
  const guarded = async (name: string, work: (database: DatabaseSession) => Promise<void>): Promise<void> => {
    const database = await open();
    try {
      await work(database);
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`);
    } finally {
      database.vanish();
    }
  };
  const clients = Array.from({ length: sessions }, (_, index) =>
    guarded(`S${index + 1}`, async (database) => {
      const random = seededRandom(seed * 1_000 + index);
      for (let count = 1; count <= transactionsPerSession && problems.length === 0; count += 1) {
        history.push(await runKeyTransaction(database, random, `S${index + 1}T${count}`));
        // Seldom, since a change of roles beats whoever is open.
        if (random.below(150) === 0) await changeCatalog(database, random);
      }
    }),
  );
  await Promise.all(clients);
  if (problems.length === 0) {
    await mustPass(keeper, "SELECT FROM item, part, step LIMIT 1"); // Hears of the changes of the catalog.
    for (const rule of rules) {
      await checkRule(keeper, rule).catch((error: unknown) =>
        problems.push(`at the end: ${(error as Error).message}`),
      );
    }
  }
  await keeper.close();
  const problem = problems[0] ?? findMetShare(history);
  const committed = history.filter(({ outcome }) => outcome === "committed").length;
  const conflicted = history.filter(({ outcome }) => outcome === "conflicted").length;
  return {
    ...(problem === undefined ? {} : { problem }),
    history: history.map(show),
    transactions: history.length,
    committed,
    conflicted,
  };
}

/** Tables, roles and functions come and go. What it does may be beaten, as everything. */
async function changeCatalog(database: DatabaseSession, random: SeededRandom): Promise<void> {
  const statement = random.pick([
    "CREATE TABLE IF NOT EXISTS aside (id int PRIMARY KEY)",
    "DROP TABLE IF EXISTS aside",
    "CREATE ROLE passer WITH LOGIN",
    "DROP ROLE passer",
    "BEGIN; CREATE TABLE half (id int PRIMARY KEY); ROLLBACK",
    "GRANT SELECT ON part TO PUBLIC",
    "ALTER TABLE part ADD COLUMN IF NOT EXISTS note text",
  ]);
  const { error } = await database.run(statement);
  if (error === undefined) return;
  if (!/^(?:40001|42710|42704|42P07|2BP01)$/.test(error.sqlstate)) {
    throw new Broken(`${error.sqlstate} ${error.message}, from: ${statement}`);
  }
  await database.run("ROLLBACK");
}

async function mustPass(database: DatabaseSession, sql: string): Promise<void> {
  for (;;) {
    const { error } = await database.run(sql);
    if (error === undefined) return;
    // The catalog has changed since the session's last statement: said once.
    if (error.sqlstate !== "40001") throw new Error(`${error.message}, from: ${sql}`);
  }
}

const show = ({ name, outcome, snapshot, commit, shared, removed }: KeyTransaction): string =>
  [
    `${name} ${outcome}`,
    `snapshot ${snapshot.from.toFixed(2)}–${snapshot.until.toFixed(2)} ms`,
    `commit ${commit.from.toFixed(2)}–${commit.until.toFixed(2)} ms`,
    `shared ${shared.join(" ")}`,
    `removed ${removed.join(" ")}`,
  ].join(", ");
