import assert from "node:assert/strict";
import { before as beforeAll, test } from "node:test";
import { createSqlParser, loadParser, type Statement } from "../sql/index.ts";
import { CatalogVersions } from "./catalog-versions.ts";

const touched = (...names: string[]): ReadonlySet<string> => new Set(names);
const reading = (name: string): Statement => parsed(`SELECT * FROM ${name}`);

beforeAll(loadParser);

function parsed(text: string): Statement {
  const statement = createSqlParser().parse(text).statements[0];
  assert.ok(statement !== undefined);
  return statement;
}

test("a later change of a touched relation conflicts, of another one does not", () => {
  const versions = new CatalogVersions();
  const before = versions.current;
  versions.changed(touched("account"));
  assert.equal(versions.conflicts(before, touched("account", "entry")), true);
  assert.equal(versions.conflicts(before, touched("entry")), false);
});

test("a change before the transaction does not conflict", () => {
  const versions = new CatalogVersions();
  versions.changed(touched("account"));
  assert.equal(versions.conflicts(versions.current, touched("account")), false);
});

test("a change that names no relation concerns whoever has touched any", () => {
  const versions = new CatalogVersions();
  const before = versions.current;
  versions.changed(undefined);
  assert.equal(versions.conflicts(before, touched("account")), true);
  assert.equal(versions.conflicts(before, touched()), false);
});

test("a change of nothing, such as an IAM mapping, concerns nobody", () => {
  const versions = new CatalogVersions();
  const before = versions.current;
  versions.changed(new Set());
  assert.equal(versions.conflicts(before, touched("account")), false);
  assert.equal(versions.isStale(before, reading("account")), false);
});

test("a creation does not make sessions stale, but beats a transaction that has touched the name", () => {
  const versions = new CatalogVersions();
  const before = versions.current;
  versions.changed(touched("account"), true);
  assert.equal(versions.isStale(before, reading("account")), false);
  assert.equal(versions.conflicts(before, touched("account")), true);
});

test("a session is stale for the relations changed since it last looked", () => {
  const versions = new CatalogVersions();
  const before = versions.current;
  versions.changed(touched("account"));
  assert.equal(versions.isStale(before, reading("account")), true);
  assert.equal(versions.isStale(before, reading("entry")), false);
  assert.equal(versions.isStale(versions.current, reading("account")), false);
});

test("a transaction older than all that is remembered conflicts with any change", () => {
  const versions = new CatalogVersions();
  const before = versions.current;
  for (let change = 0; change < 1_001; change++) versions.changed(touched("account"));
  assert.equal(versions.conflicts(before, touched("entry")), true);
  assert.equal(versions.conflicts(before + 1, touched("entry")), false);
});

test("each change is told to whoever keeps something of the catalog", () => {
  const versions = new CatalogVersions();
  let told = 0;
  versions.onChange = () => (told += 1);
  versions.changed(touched("account"));
  versions.changed(undefined);
  assert.equal(told, 2);
});

test("where changes reach the whole cluster, each counts for every relation, a new table and DDL too", () => {
  const versions = new CatalogVersions("cluster");
  const before = versions.current;
  versions.changed(touched("account"), true);
  assert.equal(versions.isStale(before, reading("entry")), true);
  assert.equal(versions.isStale(before, parsed("CREATE TABLE t (n int)")), true);
  assert.equal(versions.isStale(before, parsed("SELECT 1")), false);
  assert.equal(versions.conflicts(before, touched("entry")), true);
});

test("where changes reach their table, DDL finds nothing stale", () => {
  const versions = new CatalogVersions("table");
  const before = versions.current;
  versions.changed(touched("account"));
  assert.equal(versions.isStale(before, parsed("ALTER TABLE account ADD COLUMN n int")), false);
});
