/**
 * Random statements over a few rows, each beside what it means: its SQL and the same in terms of the model.
 *
 * Few rows make conflicts frequent. Statements read and write by key and by range, with and without RETURNING, across
 * tables, with parameters and without.
 */
import type { SeededRandom } from "../seeded-random.ts";
import { type ModelTransaction, type Row, ServerChosen, type Table } from "../checkers/snapshot-model.ts";

export type ExpectedValue = number | string | ServerChosen | null;

export type Expected =
  | {
      readonly command: string;
      readonly rowCount: number;
      readonly rows: readonly (readonly ExpectedValue[])[];
    }
  | { readonly sqlstate: string };

export interface RandomStatement {
  /** Parameters as $1 …, all integers. */
  readonly sql: string;
  readonly values: readonly number[];
  /** What the statement answers and does on the snapshot and own writes of a transaction. */
  apply(transaction: ModelTransaction): Expected;
}

export const setup: readonly string[] = [
  "CREATE TABLE plain (id int PRIMARY KEY, grp int NOT NULL, val int NOT NULL)",
  "CREATE TABLE keyed (id int PRIMARY KEY, grp int NOT NULL, val int NOT NULL, UNIQUE (grp, id))",
  "CREATE TABLE random (id int PRIMARY KEY, grp int NOT NULL, val uuid NOT NULL DEFAULT gen_random_uuid())",
  "INSERT INTO plain SELECT n, n % 3, n * 10 FROM generate_series(1, 8) AS n",
  "INSERT INTO keyed SELECT n, n % 3, n * 10 FROM generate_series(1, 8) AS n",
];

/** The model's copy of what `setup` leaves. */
export function initialRows(): (readonly [Table, Row])[] {
  const ids = [1, 2, 3, 4, 5, 6, 7, 8];
  return (["plain", "keyed"] as const).flatMap((table) =>
    ids.map((id) => [table, { id, grp: id % 3, val: id * 10 }] as const),
  );
}

/** More than the rows that `setup` makes, so that an INSERT is not always a duplicate. */
const idMax = 14;
const groups = 3;

export function randomStatement(random: SeededRandom, nextRandomId: () => number): RandomStatement {
  const table = random.pick(["plain", "plain", "keyed"] as const);
  const id = 1 + random.below(idMax);
  const low = 1 + random.below(idMax);
  const range = { low, high: low + random.below(4) };
  const grp = random.below(groups);
  const amount = 1 + random.below(9);
  const other = 1 + random.below(idMax);
  const make = random.pick<() => RandomStatement>([
    () => selectByKey(table, id),
    () => selectByKey(table, id),
    () => selectRange(table, range),
    () => selectGroup(table, grp),
    () => aggregate(table, grp),
    () => join(range),
    () => updateByKey(table, id, amount),
    () => updateByKey(table, id, amount),
    () => updateByKey(table, id, amount),
    () => updateRange(table, range, amount),
    () => moveGroup(table, grp, amount % groups),
    () => updateFrom(range),
    () => renumber(table, id, other),
    () => insert(table, { id, grp, val: amount }),
    () => insertTwo(table, id, grp, amount),
    () => insertOrNothing(table, { id, grp, val: amount }),
    () => upsert(table, { id, grp, val: amount }),
    () => deleteByKey(table, id),
    () => deleteRange(table, range),
    () => lockByKey(table, id),
    () => lockGroup(table, grp),
    () => shareByKey(table, id),
    () => shareByKey(table, id),
    () => shareRange(table, range),
    () => moveRow(id),
    () => insertRandom(nextRandomId(), grp),
    () => insertRandomUnseen(nextRandomId(), grp),
    () => selectRandom(grp),
    () => divideByZero(table, id),
  ]);
  return make();
}

interface Range {
  readonly low: number;
  readonly high: number;
}

const within =
  ({ low, high }: Range) =>
  (row: Row): boolean =>
    row.id >= low && row.id <= high;
const inGroup =
  (grp: number) =>
  (row: Row): boolean =>
    row.grp === grp;
const plus = (row: Row, amount: number): Row => ({ ...row, val: Number(row.val) + amount });
const values = ({ id, grp, val }: Row): ExpectedValue[] => [id, grp, val];
const selected = (rows: readonly Row[]): Expected => ({
  command: "SELECT",
  rowCount: rows.length,
  rows: rows.map(values),
});
const changed = (command: string, rows: readonly Row[]): Expected => ({
  command,
  rowCount: rows.length,
  rows: rows.map(values),
});
const counted = (command: string, rowCount: number): Expected => ({ command, rowCount, rows: [] });
const duplicate: Expected = { sqlstate: "23505" };

const selectByKey = (table: Table, id: number): RandomStatement => ({
  sql: `SELECT id, grp, val FROM ${table} WHERE id = $1`,
  values: [id],
  apply: (transaction) => selected(transaction.rows(table, (row) => row.id === id)),
});

const selectRange = (table: Table, range: Range): RandomStatement => ({
  sql: `SELECT id, grp, val FROM ${table} WHERE id BETWEEN $1 AND $2 ORDER BY id`,
  values: [range.low, range.high],
  apply: (transaction) => selected(transaction.rows(table, within(range))),
});

const selectGroup = (table: Table, grp: number): RandomStatement => ({
  sql: `SELECT id, grp, val FROM ${table} WHERE grp = $1 ORDER BY id`,
  values: [grp],
  apply: (transaction) => selected(transaction.rows(table, inGroup(grp))),
});

const aggregate = (table: Table, grp: number): RandomStatement => ({
  sql: `SELECT count(*), sum(val), max(id) FROM ${table} WHERE grp >= $1`,
  values: [grp],
  apply(transaction) {
    const rows = transaction.rows(table, (row) => row.grp >= grp);
    const sum = rows.length === 0 ? null : rows.reduce((total, row) => total + Number(row.val), 0);
    return { command: "SELECT", rowCount: 1, rows: [[rows.length, sum, rows.at(-1)?.id ?? null]] };
  },
});

const join = (range: Range): RandomStatement => ({
  sql: "SELECT p.id, p.val, k.val FROM plain p JOIN keyed k ON k.id = p.id WHERE p.id BETWEEN $1 AND $2 ORDER BY p.id",
  values: [range.low, range.high],
  apply(transaction) {
    const rows = transaction.rows("plain", within(range)).flatMap((row) => {
      const partner = transaction.get("keyed", row.id);
      return partner === undefined ? [] : [[row.id, row.val, partner.val]];
    });
    return { command: "SELECT", rowCount: rows.length, rows };
  },
});

/** Changes each row and answers the new ones. */
function update(
  transaction: ModelTransaction,
  table: Table,
  rows: readonly Row[],
  change: (row: Row) => Row,
): Expected {
  const after = rows.map(change);
  for (const row of after) transaction.put(table, row);
  return changed("UPDATE", after);
}

const updateByKey = (table: Table, id: number, amount: number): RandomStatement => ({
  sql: `UPDATE ${table} SET val = val + $1 WHERE id = $2 RETURNING id, grp, val`,
  values: [amount, id],
  apply: (transaction) =>
    update(
      transaction,
      table,
      transaction.rows(table, (row) => row.id === id),
      (row) => plus(row, amount),
    ),
});

const updateRange = (table: Table, range: Range, amount: number): RandomStatement => ({
  sql: `UPDATE ${table} SET val = val + $1 WHERE id BETWEEN $2 AND $3`,
  values: [amount, range.low, range.high],
  apply(transaction) {
    const rows = transaction.rows(table, within(range));
    update(transaction, table, rows, (row) => plus(row, amount));
    return counted("UPDATE", rows.length);
  },
});

const moveGroup = (table: Table, from: number, to: number): RandomStatement => ({
  sql: `UPDATE ${table} SET grp = $1 WHERE grp = $2 RETURNING id, grp, val`,
  values: [to, from],
  apply(transaction) {
    if (table === "keyed") transaction.mayReplace(table);
    return update(transaction, table, transaction.rows(table, inGroup(from)), (row) => ({ ...row, grp: to }));
  },
});

const updateFrom = (range: Range): RandomStatement => ({
  sql: `UPDATE plain SET val = plain.val + keyed.val FROM keyed
        WHERE keyed.id = plain.id AND plain.id BETWEEN $1 AND $2 RETURNING plain.id, plain.grp, plain.val`,
  values: [range.low, range.high],
  apply(transaction) {
    const partner = (row: Row): Row | undefined => transaction.get("keyed", row.id);
    const rows = transaction.rows("plain", within(range)).filter((row) => partner(row) !== undefined);
    return update(transaction, "plain", rows, (row) => plus(row, Number(partner(row)?.val)));
  },
});

const renumber = (table: Table, from: number, to: number): RandomStatement => ({
  sql: `UPDATE ${table} SET id = $1 WHERE id = $2 RETURNING id, grp, val`,
  values: [to, from],
  apply(transaction) {
    transaction.mayReplace(table);
    const row = transaction.get(table, from);
    if (row === undefined) return changed("UPDATE", []);
    // A key that stays what it was has not changed.
    if (from === to) return update(transaction, table, [row], (same) => same);
    if (transaction.get(table, to) !== undefined) return duplicate;
    transaction.remove(table, from);
    transaction.put(table, { ...row, id: to });
    return changed("UPDATE", [{ ...row, id: to }]);
  },
});

const insert = (table: Table, row: Row & { val: number }): RandomStatement => ({
  sql: `INSERT INTO ${table} VALUES ($1, $2, $3)`,
  values: [row.id, row.grp, row.val],
  apply(transaction) {
    if (transaction.get(table, row.id) !== undefined) return duplicate;
    transaction.put(table, row);
    return counted("INSERT", 1);
  },
});

const insertTwo = (table: Table, id: number, grp: number, val: number): RandomStatement => ({
  sql: `INSERT INTO ${table} VALUES ($1, $2, $3), ($1 + 1, $2, $3) RETURNING id, grp, val`,
  values: [id, grp, val],
  apply(transaction) {
    const rows = [id, id + 1].map((key) => ({ id: key, grp, val }));
    if (rows.some((row) => transaction.get(table, row.id) !== undefined)) return duplicate;
    for (const row of rows) transaction.put(table, row);
    return changed("INSERT", rows);
  },
});

const insertOrNothing = (table: Table, row: Row & { val: number }): RandomStatement => ({
  sql: `INSERT INTO ${table} VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING RETURNING id, grp, val`,
  values: [row.id, row.grp, row.val],
  apply(transaction) {
    if (transaction.get(table, row.id) !== undefined) return changed("INSERT", []);
    transaction.put(table, row);
    return changed("INSERT", [row]);
  },
});

const upsert = (table: Table, row: Row & { val: number }): RandomStatement => ({
  sql: `INSERT INTO ${table} VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET val = ${table}.val + excluded.val RETURNING id, grp, val`,
  values: [row.id, row.grp, row.val],
  apply(transaction) {
    const existing = transaction.get(table, row.id);
    const after = existing === undefined ? row : plus(existing, row.val);
    transaction.put(table, after);
    return changed("INSERT", [after]);
  },
});

const deleteByKey = (table: Table, id: number): RandomStatement => ({
  sql: `DELETE FROM ${table} WHERE id = $1 RETURNING id, grp, val`,
  values: [id],
  apply: (transaction) =>
    remove(
      transaction,
      table,
      transaction.rows(table, (row) => row.id === id),
    ),
});

const deleteRange = (table: Table, range: Range): RandomStatement => ({
  sql: `DELETE FROM ${table} WHERE id BETWEEN $1 AND $2 AND val > 50 RETURNING id, grp, val`,
  values: [range.low, range.high],
  apply: (transaction) =>
    remove(
      transaction,
      table,
      transaction.rows(table, (row) => within(range)(row) && Number(row.val) > 50),
    ),
});

function remove(transaction: ModelTransaction, table: Table, rows: readonly Row[]): Expected {
  transaction.mayReplace(table);
  for (const row of rows) transaction.remove(table, row.id);
  return changed("DELETE", rows);
}

const lockByKey = (table: Table, id: number): RandomStatement => ({
  sql: `SELECT id, grp, val FROM ${table} WHERE id = $1 FOR UPDATE`,
  values: [id],
  apply: (transaction) =>
    lock(
      transaction,
      table,
      transaction.rows(table, (row) => row.id === id),
    ),
});

const lockGroup = (table: Table, grp: number): RandomStatement => ({
  sql: `SELECT id, grp, val FROM ${table} WHERE grp = $1 ORDER BY id FOR UPDATE`,
  values: [grp],
  apply: (transaction) => lock(transaction, table, transaction.rows(table, inGroup(grp))),
});

function lock(transaction: ModelTransaction, table: Table, rows: readonly Row[]): Expected {
  for (const row of rows) transaction.lock(table, row.id);
  return selected(rows);
}

const shareByKey = (table: Table, id: number): RandomStatement => ({
  sql: `SELECT id, grp, val FROM ${table} WHERE id = $1 FOR KEY SHARE`,
  values: [id],
  apply: (transaction) =>
    share(
      transaction,
      table,
      transaction.rows(table, (row) => row.id === id),
    ),
});

const shareRange = (table: Table, range: Range): RandomStatement => ({
  sql: `SELECT id, grp, val FROM ${table} WHERE id BETWEEN $1 AND $2 ORDER BY id FOR KEY SHARE`,
  values: [range.low, range.high],
  apply: (transaction) => share(transaction, table, transaction.rows(table, within(range))),
});

function share(transaction: ModelTransaction, table: Table, rows: readonly Row[]): Expected {
  for (const row of rows) transaction.share(table, row.id);
  return selected(rows);
}

const moveRow = (id: number): RandomStatement => ({
  sql: `WITH gone AS (DELETE FROM plain WHERE id = $1 RETURNING id, grp, val)
        INSERT INTO keyed SELECT id, grp, val FROM gone RETURNING id, grp, val`,
  values: [id],
  apply(transaction) {
    transaction.mayReplace("plain");
    transaction.mayReplace("keyed");
    const row = transaction.get("plain", id);
    if (row === undefined) return changed("INSERT", []);
    if (transaction.get("keyed", id) !== undefined) return duplicate;
    transaction.remove("plain", id);
    transaction.put("keyed", row);
    return changed("INSERT", [row]);
  },
});

const insertRandom = (id: number, grp: number): RandomStatement => ({
  sql: "INSERT INTO random (id, grp) VALUES ($1, $2) RETURNING id, grp, val",
  values: [id, grp],
  apply(transaction) {
    const row = { id, grp, val: new ServerChosen() };
    transaction.put("random", row);
    return changed("INSERT", [row]);
  },
});

/** The client does not learn the value now; whoever reads it first does. */
const insertRandomUnseen = (id: number, grp: number): RandomStatement => ({
  sql: "INSERT INTO random (id, grp) VALUES ($1, $2)",
  values: [id, grp],
  apply(transaction) {
    transaction.put("random", { id, grp, val: new ServerChosen() });
    return counted("INSERT", 1);
  },
});

const selectRandom = (grp: number): RandomStatement => ({
  sql: "SELECT id, grp, val FROM random WHERE grp = $1 ORDER BY id",
  values: [grp],
  apply: (transaction) => selected(transaction.rows("random", inGroup(grp))),
});

/** Fails when there is a row to fail on. */
const divideByZero = (table: Table, id: number): RandomStatement => ({
  sql: `UPDATE ${table} SET val = val / 0 WHERE id = $1`,
  values: [id],
  apply: (transaction) =>
    transaction.get(table, id) === undefined ? counted("UPDATE", 0) : { sqlstate: "22012" },
});
