import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser } from "../sql/index.ts";
import { Settings } from "../backend/index.ts";
import { changeOf, type SettingChange, type SettingStatement } from "./setting-changes.ts";

before(loadParser);

const atStart = Settings.none.with("timezone", "'Europe/Paris'");
const now = { session: atStart, inForce: atStart };

function change(text: string, start = atStart): SettingChange {
  const statement = createSqlParser().parse(text).statements[0];
  assert.ok(statement?.kind === "set" || statement?.kind === "reset");
  return changeOf(
    statement satisfies SettingStatement,
    start === atStart ? now : { session: start, inForce: start },
    start,
  );
}

test("SET changes the session", () => {
  const { session, inForce, scope, tag, texts } = change("SET TimeZone TO 'Asia/Tokyo'");
  assert.deepEqual([session.get("timezone"), inForce.get("timezone")], ["'Asia/Tokyo'", "'Asia/Tokyo'"]);
  assert.deepEqual([scope, tag, texts], ["session", "SET", undefined]);
});

test("SET LOCAL changes what is in force and leaves the session", () => {
  const { session, inForce, scope } = change("SET LOCAL search_path TO a, b");
  assert.deepEqual([session.get("search_path"), inForce.get("search_path")], [undefined, "'a', 'b'"]);
  assert.equal(scope, "local");
});

test("RESET goes back to what the client connected with", () => {
  const { session, tag, texts } = change("RESET timezone");
  assert.equal(session.get("timezone"), "'Europe/Paris'");
  assert.deepEqual([tag, texts], ["RESET", ["SET timezone TO 'Europe/Paris'"]]);
});

test("SET … TO DEFAULT is a RESET that answers SET", () => {
  const { tag, texts } = change("SET timezone TO DEFAULT");
  assert.deepEqual([tag, texts], ["SET", ["SET timezone TO 'Europe/Paris'"]]);
  assert.deepEqual(change("SET LOCAL timezone TO DEFAULT").texts, ["SET LOCAL timezone TO 'Europe/Paris'"]);
});

test("RESET of what the client left alone is PostgreSQL's", () => {
  const { session, texts } = change("RESET datestyle");
  assert.deepEqual([session.get("datestyle"), texts], [undefined, undefined]);
});

test("RESET ALL goes back to the start, with one more statement for each setting of it", () => {
  const { session, texts } = change("RESET ALL");
  assert.equal(session, atStart);
  assert.deepEqual(texts, ["RESET ALL", "SET timezone TO 'Europe/Paris'"]);
  assert.equal(change("RESET ALL", Settings.none).texts, undefined);
});
