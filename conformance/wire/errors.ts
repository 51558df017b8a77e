/**
 * What an error carries besides its text.
 *
 * Source: PostgreSQL 16 documentation, "Error and Notice Message Fields".
 */
import assert from "node:assert/strict";
import { errorOf, exchange, type WireCase, withSession, withTables } from "./wire-case.ts";
import { frontend } from "../client/index.ts";

const table = [
  "CREATE TABLE person (id int PRIMARY KEY, age int CONSTRAINT age_positive CHECK (age > 0), name text NOT NULL)",
];

export const errorCases: readonly WireCase[] = [
  withSession("an error names its severity, SQLSTATE and position", async (session) => {
    const fields = errorOf(await exchange(session, frontend.query("SELECT 1, no_such_column")));
    assert.deepEqual([fields["S"], fields["V"], fields["C"], fields["P"]], ["ERROR", "ERROR", "42703", "11"]);
  }),

  withSession("a position counts characters, not bytes", async (session) => {
    const fields = errorOf(await exchange(session, frontend.query("SELECT 'äöü€', no_such_column")));
    assert.equal(fields["P"], "16");
  }),

  withSession(
    "a position in a later statement of a batch counts from the start of the batch",
    async (session) => {
      const fields = errorOf(await exchange(session, frontend.query("SELECT 1; SELECT no_such_column")));
      assert.equal(fields["P"], "18");
    },
  ),

  withSession("a position in a prepared statement is that in its text", async (session) => {
    const fields = errorOf(
      await exchange(session, frontend.parse("SELECT $1::int, no_such_column"), frontend.sync()),
    );
    assert.equal(fields["P"], "17");
  }),

  withTables("a violated constraint is named, with table and schema", table, async (session) => {
    const duplicate = "INSERT INTO person VALUES (1, 1, 'a'), (1, 1, 'b')";
    const unique = errorOf(await exchange(session, frontend.query(duplicate)));
    assert.deepEqual([unique["C"], unique["t"], unique["n"]], ["23505", "person", "person_pkey"]);
    const check = errorOf(await exchange(session, frontend.query("INSERT INTO person VALUES (1, 0, 'a')")));
    assert.deepEqual([check["C"], check["t"], check["n"]], ["23514", "person", "age_positive"]);
    const notNull = errorOf(
      await exchange(session, frontend.query("INSERT INTO person VALUES (1, 1, null)")),
    );
    assert.deepEqual([notNull["C"], notNull["t"], notNull["c"]], ["23502", "person", "name"]);
  }),
];
