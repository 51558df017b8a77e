import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "../sql/index.ts";
import { Settings } from "../backend/index.ts";
import { isOn, isServiceSetting, postgresName, requireBoolean } from "./service-settings.ts";
import { changeOf } from "./setting-changes.ts";

before(loadParser);

const name = "disable_sync_create_index";

test("PostgreSQL keeps a setting of the service under a name with a prefix", () => {
  assert.equal(postgresName(name), "dsql.disable_sync_create_index");
  assert.equal(postgresName("dsql.enable_batched_nestloop"), "dsql.enable_batched_nestloop");
  assert.equal(postgresName("timezone"), "timezone");
  assert.deepEqual([isServiceSetting(name), isServiceSetting("timezone")], [true, false]);
});

test("SET, SET LOCAL and RESET of such a setting reach PostgreSQL under that name", () => {
  const texts = (sql: string): readonly string[] | undefined => {
    const [statement] = createSqlParser().parse(sql).statements;
    assert.ok(statement?.kind === "set" || statement?.kind === "reset", sql);
    return changeOf(statement, { session: Settings.none, inForce: Settings.none }, Settings.none).texts;
  };
  assert.deepEqual(texts(`SET ${name} = off`), ["SET dsql.disable_sync_create_index TO 'off'"]);
  assert.deepEqual(texts(`SET LOCAL ${name} TO 1`), ["SET LOCAL dsql.disable_sync_create_index TO 1"]);
  assert.deepEqual(texts(`RESET ${name}`), ["SET dsql.disable_sync_create_index TO DEFAULT"]);
  assert.equal(texts("RESET timezone"), undefined);
});

test("it is on until it is set, to whatever PostgreSQL reads as a Boolean value", () => {
  assert.equal(isOn(name, Settings.none), true);
  for (const value of ["'off'", "'of'", "'false'", "'f'", "'No'", "0"]) {
    assert.equal(isOn(name, Settings.none.with(postgresName(name), value)), false, value);
  }
  for (const value of ["'on'", "'TRUE'", "'y'", "1"]) {
    assert.equal(isOn(name, Settings.none.with(postgresName(name), value)), true, value);
  }
  for (const value of ["'o'", "''", "'maybe'", "2"]) {
    assert.throws(
      () => {
        requireBoolean(name, value);
      },
      { sqlstate: "22023" },
    );
  }
});
