/**
 * Ready-made scenes for sessions side by side: what two transactions do to each other, step by step. They are those of
 * `conformance/isolation`, where what happens is held against each interleaving.
 */

export interface SceneStep {
  /** Index of the session. */
  readonly session: number;
  readonly sql: string;
  /** What to look at, once it has run. */
  readonly note?: string;
}

export interface Scene {
  readonly name: string;
  readonly about: string;
  /** Makes the tables anew; each statement is a transaction of its own. */
  readonly setup: readonly string[];
  readonly steps: readonly SceneStep[];
}

const accounts: readonly string[] = [
  "DROP TABLE IF EXISTS scene_account",
  "CREATE TABLE scene_account (id int PRIMARY KEY, balance int NOT NULL)",
  "INSERT INTO scene_account VALUES (1, 100), (2, 100), (3, 100)",
];
const doctors: readonly string[] = [
  "DROP TABLE IF EXISTS scene_doctor",
  "CREATE TABLE scene_doctor (name text PRIMARY KEY, on_call boolean NOT NULL)",
  "INSERT INTO scene_doctor VALUES ('ana', true), ('ben', true)",
];

export const scenes: readonly Scene[] = [
  {
    name: "Lost update",
    about:
      "Two sessions overwrite one balance from the same snapshot. Nobody waits: the first to commit wins, the other hears it at its COMMIT.",
    setup: accounts,
    steps: [
      { session: 0, sql: "BEGIN" },
      { session: 1, sql: "BEGIN" },
      { session: 0, sql: "UPDATE scene_account SET balance = 60 WHERE id = 1" },
      {
        session: 1,
        sql: "UPDATE scene_account SET balance = 30 WHERE id = 1",
        note: "PostgreSQL would wait here.",
      },
      { session: 1, sql: "COMMIT", note: "The first to commit wins." },
      { session: 0, sql: "COMMIT", note: "40001 (OC000): run the whole transaction again." },
      { session: 0, sql: "SELECT balance FROM scene_account WHERE id = 1" },
    ],
  },
  {
    name: "Write skew",
    about:
      "Each reads both rows and writes the one that the other only reads. Plain reads leave no footprint: both commit, and nobody is on call.",
    setup: doctors,
    steps: [
      { session: 0, sql: "BEGIN" },
      { session: 1, sql: "BEGIN" },
      { session: 0, sql: "SELECT count(*) FROM scene_doctor WHERE on_call" },
      { session: 1, sql: "SELECT count(*) FROM scene_doctor WHERE on_call" },
      { session: 0, sql: "UPDATE scene_doctor SET on_call = false WHERE name = 'ana'" },
      { session: 1, sql: "UPDATE scene_doctor SET on_call = false WHERE name = 'ben'" },
      { session: 0, sql: "COMMIT" },
      { session: 1, sql: "COMMIT", note: "Both commit: snapshot isolation allows it." },
      { session: 0, sql: "SELECT count(*) FROM scene_doctor WHERE on_call" },
    ],
  },
  {
    name: "FOR UPDATE",
    about:
      "Who reads FOR UPDATE what he decides upon makes the reads count as writes: the skew is a conflict now.",
    setup: doctors,
    steps: [
      { session: 0, sql: "BEGIN" },
      { session: 1, sql: "BEGIN" },
      { session: 0, sql: "SELECT name FROM scene_doctor WHERE on_call ORDER BY name FOR UPDATE" },
      { session: 1, sql: "SELECT name FROM scene_doctor WHERE on_call ORDER BY name FOR UPDATE" },
      { session: 0, sql: "UPDATE scene_doctor SET on_call = false WHERE name = 'ana'" },
      { session: 1, sql: "UPDATE scene_doctor SET on_call = false WHERE name = 'ben'" },
      { session: 0, sql: "COMMIT" },
      { session: 1, sql: "COMMIT", note: "40001: ben stays on call." },
      { session: 0, sql: "SELECT name FROM scene_doctor WHERE on_call" },
    ],
  },
  {
    name: "One key twice",
    about: "Two open transactions insert one key. Neither notices until the later COMMIT, which conflicts.",
    setup: accounts,
    steps: [
      { session: 0, sql: "BEGIN" },
      { session: 1, sql: "BEGIN" },
      { session: 0, sql: "INSERT INTO scene_account VALUES (9, 1)" },
      {
        session: 1,
        sql: "INSERT INTO scene_account VALUES (9, 2)",
        note: "No error yet: it is not committed.",
      },
      { session: 0, sql: "SELECT balance FROM scene_account WHERE id = 9", note: "Each sees its own." },
      { session: 1, sql: "SELECT balance FROM scene_account WHERE id = 9" },
      { session: 0, sql: "COMMIT" },
      { session: 1, sql: "COMMIT", note: "40001; the next try would be a duplicate key, 23505." },
    ],
  },
  {
    name: "DDL under an open transaction",
    about:
      "A catalog change does not wait for open transactions: the one that used the table hears OC001 at its COMMIT.",
    setup: accounts,
    steps: [
      { session: 0, sql: "BEGIN" },
      { session: 0, sql: "UPDATE scene_account SET balance = 60 WHERE id = 1" },
      { session: 1, sql: "ALTER TABLE scene_account ADD COLUMN note text", note: "It does not wait." },
      { session: 0, sql: "COMMIT", note: "40001 (OC001): the schema has changed. The first retry passes." },
      { session: 0, sql: "BEGIN" },
      { session: 0, sql: "UPDATE scene_account SET balance = 60 WHERE id = 1" },
      { session: 0, sql: "COMMIT" },
    ],
  },
  {
    name: "Foreign key",
    about:
      "A child row is inserted while another transaction deletes its parent: the later COMMIT conflicts.",
    setup: [
      "DROP TABLE IF EXISTS scene_child",
      "DROP TABLE IF EXISTS scene_parent",
      "CREATE TABLE scene_parent (id int PRIMARY KEY, note text)",
      "CREATE TABLE scene_child (id int PRIMARY KEY, parent int REFERENCES scene_parent (id))",
      "INSERT INTO scene_parent VALUES (1, 'x')",
    ],
    steps: [
      { session: 0, sql: "BEGIN" },
      { session: 1, sql: "BEGIN" },
      { session: 0, sql: "INSERT INTO scene_child VALUES (1, 1)" },
      { session: 1, sql: "DELETE FROM scene_parent WHERE id = 1" },
      { session: 0, sql: "COMMIT" },
      { session: 1, sql: "COMMIT", note: "40001: the parent has a child now." },
      { session: 1, sql: "SELECT count(*) FROM scene_parent" },
    ],
  },
];
