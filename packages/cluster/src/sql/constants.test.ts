import assert from "node:assert/strict";
import { before, test } from "node:test";
import { defined } from "../base/index.ts";
import { constantsOf, type Constants } from "./constants.ts";
import { loadParser, parseTree } from "./postgres-parser.ts";

before(loadParser);

const of = (text: string): Constants => constantsOf(defined(parseTree(text)[0], text).stmt);

for (const text of [
  "SELECT 1, 2.5, true, NULL, $1",
  "SELECT * FROM account WHERE currency = 'EUR' AND state IN ('open', '', 'in-transit')",
  "UPDATE account SET balance = balance - $1, note = 'withdrawal' WHERE id = $2",
  "SELECT now() - interval '30 days', '1 day'::interval, interval '-1 2:00'",
  "SELECT '3f2c0d7e-0000-4000-8000-000000000001'::uuid, 'now'::text, '{\"at\": \"today\"}'::jsonb, varchar(9) 'now'",
  "SELECT date '2024-01-01', '2024-01-01 10:00'::timestamp, timestamptz '2024-01-01 10:00+00'",
  "SELECT nextval('order_id'), 'public.account'::regclass",
]) {
  test(`lasting: ${text}`, () => {
    assert.equal(of(text).areLasting, true);
  });
}

for (const text of [
  "SELECT timestamp 'now'",
  "SELECT 'now'::timestamptz",
  "SELECT CAST('Today' AS date)",
  "INSERT INTO note VALUES ($1, 'now')",
  "INSERT INTO note VALUES ($1, ' TOMORROW ')",
  "INSERT INTO note VALUES ($1, E'\\x6eow')",
  "INSERT INTO note VALUES ($1, U&'\\006eow')",
  "INSERT INTO note VALUES ($1, $$yesterday$$)",
  "INSERT INTO note VALUES ($1, $tag$now$tag$)",
  "INSERT INTO note SELECT $1, 'now' FROM account",
  "UPDATE note SET at = 'now' WHERE id = $1",
  "UPDATE note SET (at, id) = ('now', 1)",
  "DELETE FROM note WHERE at < 'yesterday' RETURNING id",
  "SELECT * FROM note WHERE at BETWEEN 'yesterday' AND $1",
  "SELECT ARRAY['now']::timestamptz[], '{now}'::timestamptz[]",
  "SELECT '{n\\ow}'::timestamptz[]",
  "SELECT '[today,tomorrow)'::daterange",
  "SELECT '[to\"day\",)'::daterange",
  "SELECT '(1,now)'::note",
  "SELECT 'now'::moment",
  "SELECT 'now'::shop.text",
  "SELECT timetz '10:00 Europe/Berlin', timetz '10:00'",
  "SELECT time '10:00 Europe/Berlin'",
  "SELECT COALESCE($1::timestamptz, 'now')",
  "WITH late AS (SELECT * FROM note WHERE at > 'today') SELECT count(*) FROM late",
  "SELECT '10:00', '101010'",
  "INSERT INTO note VALUES (1, 'buy_now')",
]) {
  test(`fleeting, or not proven to be lasting: ${text}`, () => {
    assert.equal(of(text).areLasting, false);
  });
}

test("the types that make a constant lasting are named", () => {
  assert.deepEqual(of("SELECT '1'::text, date '2024-01-01', 'x'").types, ["text", "date"]);
});
