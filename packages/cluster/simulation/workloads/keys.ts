/**
 * Sessions that insert, delete, share and reference rows at the same time, beside DDL, roles and functions: whatever they do,
 * what a transaction sees keeps the rules of the tables, and no statement waits for another's client.
 *
 * Each row has a birth of its own, so that a transaction that shares a row and one that removes it can be told to have met the
 * same one.
 */
import type { Answer, DatabaseSession } from "../database.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { Interval } from "./lists.ts";

export interface KeyTransaction {
  readonly name: string;
  /** From before BEGIN until the answer to the first statement. */
  readonly snapshot: Interval;
  readonly commit: Interval;
  readonly outcome: "committed" | "conflicted" | "refused";
  /** Births of the rows that it has shared, and of those that it has removed or locked FOR UPDATE. */
  readonly shared: readonly string[];
  readonly removed: readonly string[];
  /** Its statements, each with when it was sent and answered, in milliseconds, and with the answer. */
  readonly told: readonly string[];
}

export const setup: readonly string[] = [
  "CREATE TABLE item (id int PRIMARY KEY, code int NOT NULL UNIQUE, birth text NOT NULL, n int NOT NULL)",
  "CREATE TABLE part (id int PRIMARY KEY, item int REFERENCES item (id), n int NOT NULL)",
  "CREATE TABLE step (id int PRIMARY KEY, item int REFERENCES item (id) ON DELETE CASCADE)",
  `CREATE OR REPLACE FUNCTION remove_item(k int) RETURNS bigint LANGUAGE sql VOLATILE AS
   'WITH gone AS (DELETE FROM item WHERE id = k RETURNING id) SELECT count(*) FROM gone'`,
  "INSERT INTO item SELECT n, n, 'first' || n, 0 FROM generate_series(1, 8) AS n",
];

export const tearDown: readonly string[] = ["step", "part", "item"].map(
  (table) => `DROP TABLE IF EXISTS ${table}`,
);

/** Few, so that transactions meet. */
const idMax = 12;

/** What no snapshot may show, and no transaction of its own rows: each query gives the rows that break a rule. */
export const rules: readonly (readonly [rule: string, query: string])[] = [
  ["two rows of one primary key", "SELECT id FROM item GROUP BY id HAVING count(*) > 1"],
  ["two rows of one unique key", "SELECT code FROM item GROUP BY code HAVING count(*) > 1"],
  [
    "a part without its item",
    "SELECT p.id FROM part p LEFT JOIN item i ON i.id = p.item WHERE p.item IS NOT NULL AND i.id IS NULL",
  ],
  [
    "a step without its item",
    "SELECT s.id FROM step s LEFT JOIN item i ON i.id = s.item WHERE s.item IS NOT NULL AND i.id IS NULL",
  ],
];

/** The transaction has lost, at whatever statement it hears so: after a change of the catalog it is the first one. */
class Lost extends Error {
  override readonly name = "Lost";
}

/** A rule that is broken, or an answer that no statement may get. */
export class Broken extends Error {
  override readonly name = "Broken";
}

/** The client's own errors that a statement may get: a key that is taken, a reference that is missing or left. */
const ownErrors: ReadonlySet<string> = new Set(["23505", "23503"]);

interface Written {
  readonly shared: Set<string>;
  readonly removed: Set<string>;
}

/** Runs one transaction of some statements. @throws {Broken} @throws {Waits} */
export async function runKeyTransaction(
  database: DatabaseSession,
  random: SeededRandom,
  name: string,
): Promise<KeyTransaction> {
  const written: Written = { shared: new Set(), removed: new Set() };
  const told: string[] = [];
  const began = performance.now();
  let snapshotUntil = Infinity;
  const done = (outcome: KeyTransaction["outcome"], from: number): KeyTransaction => ({
    name,
    snapshot: { from: began, until: snapshotUntil },
    commit: { from, until: performance.now() },
    outcome,
    shared: [...written.shared],
    removed: [...written.removed],
    told: [...told],
  });
  try {
    await must(database, "BEGIN");
    const births = await birthsOf(database);
    snapshotUntil = performance.now();
    return await runStatements(database, random, { name, births, written, told, done });
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    await must(database, "ROLLBACK");
    return done("conflicted", performance.now());
  }
}

interface Running {
  readonly name: string;
  readonly births: ReadonlyMap<number, string>;
  readonly written: Written;
  readonly told: string[];
  readonly done: (outcome: KeyTransaction["outcome"], committing: number) => KeyTransaction;
}

async function runStatements(
  database: DatabaseSession,
  random: SeededRandom,
  { name, births, written, told, done }: Running,
): Promise<KeyTransaction> {
  const operations = 1 + random.below(3);
  for (let count = 1; ; count += 1) {
    const statement = randomStatement(random, `${name}.${count}`, births, written);
    // The last of them travels with its COMMIT.
    const isLast = count === operations;
    const committing = performance.now();
    const together = isLast && random.chance(50);
    const sent = performance.now();
    const answer = together
      ? await database.runTogether([statement, "COMMIT"])
      : await database.run(statement);
    told.push(toldOf(statement + (together ? "; COMMIT" : ""), answer, sent));
    if (answer.error !== undefined) {
      const outcome = outcomeOf(answer, statement);
      await must(database, "ROLLBACK");
      return done(outcome, committing);
    }
    if (together) return done("committed", committing);
    await checkRules(database, random);
    if (!isLast) continue;
    const committed = performance.now();
    const end = await database.run("COMMIT");
    if (end.error === undefined) return done("committed", committed);
    return done(outcomeOf(end, "COMMIT"), committed);
  }
}

function toldOf(text: string, { error, rows }: Answer, sentMs: number): string {
  const answer = error?.sqlstate ?? rows.map((values) => values.join(", ")).join("; ");
  return `${sentMs.toFixed(2)}–${performance.now().toFixed(2)} ${text}: ${answer}`;
}

async function birthsOf(database: DatabaseSession): Promise<ReadonlyMap<number, string>> {
  const { rows } = await must(database, "SELECT id, birth FROM item");
  return new Map(rows.map(([id, birth]) => [Number(id), birth ?? ""]));
}

function randomStatement(
  random: SeededRandom,
  birth: string,
  births: ReadonlyMap<number, string>,
  { shared, removed }: Written,
): string {
  const id = 1 + random.below(idMax);
  const other = 1 + random.below(idMax);
  const row = births.get(id);
  const removes = (text: string): string => {
    if (row !== undefined) removed.add(row);
    return text;
  };
  return random.pick<() => string>([
    () => `INSERT INTO item VALUES (${id}, ${other}, '${birth}', 0)`,
    () => `INSERT INTO item VALUES (${id}, ${id}, '${birth}', 0) RETURNING id`,
    () =>
      `INSERT INTO item VALUES (${id}, ${id}, '${birth}', 0) ON CONFLICT (id) DO UPDATE SET n = item.n + 1`,
    () => `INSERT INTO item VALUES (${id}, ${id}, '${birth}', 0) ON CONFLICT DO NOTHING`,
    () => removes(`DELETE FROM item WHERE id = ${id}`),
    // Whether it removes the row is not looked at.
    () => `DELETE FROM item WHERE id = ${id} AND NOT EXISTS (SELECT FROM part WHERE item = ${id})`,
    () => removes(`SELECT remove_item(${id})`),
    () => removes(`SELECT id FROM item WHERE id = ${id} FOR UPDATE`),
    () => `UPDATE item SET n = n + 1 WHERE id = ${id}`,
    () => `UPDATE item SET code = ${other} WHERE id = ${id}`,
    () => {
      if (row !== undefined) shared.add(row);
      return `SELECT id FROM item WHERE id = ${id} FOR KEY SHARE`;
    },
    () => `INSERT INTO part VALUES (${id}, ${other}, 0)`,
    () => `UPDATE part SET item = ${other} WHERE id = ${id}`,
    () => `DELETE FROM part WHERE id = ${id}`,
    () => `INSERT INTO step VALUES (${id}, ${other})`,
    () => `WITH moved AS (DELETE FROM part WHERE id = ${id} RETURNING id, item)
           INSERT INTO step SELECT id, item FROM moved ON CONFLICT DO NOTHING`,
  ])();
}

/** Looks at one of the rules within the transaction, that is in its snapshot and its own rows. */
async function checkRules(database: DatabaseSession, random: SeededRandom): Promise<void> {
  await checkRule(database, random.pick(rules));
}

export async function checkRule(
  database: DatabaseSession,
  [rule, query]: readonly [string, string],
): Promise<void> {
  const { rows } = await must(database, query);
  if (rows.length > 0) throw new Broken(`${rule}: ${rows.map(([value]) => value ?? "").join(", ")}`);
}

function outcomeOf({ error }: Answer, statement: string): "conflicted" | "refused" {
  if (error?.sqlstate === "40001") return "conflicted";
  if (ownErrors.has(error?.sqlstate ?? "")) return "refused";
  throw new Broken(`${error?.sqlstate ?? ""} ${error?.message ?? ""}, from: ${statement}`);
}

async function must(database: DatabaseSession, sql: string): Promise<Answer> {
  const answer = await database.run(sql);
  if (answer.error?.sqlstate === "40001") throw new Lost(answer.error.message);
  if (answer.error !== undefined) {
    throw new Broken(`${answer.error.sqlstate} ${answer.error.message}, from: ${sql}`);
  }
  return answer;
}
