import assert from "node:assert/strict";
import { test } from "node:test";
import { backendStatementName, PreparedCache, TextCatalogue } from "./prepared-cache.ts";

test("a text is kept under a name from its second use on", () => {
  const texts = new TextCatalogue();
  assert.equal(backendStatementName(texts.use("SELECT 1", [])), "");
  assert.equal(backendStatementName(texts.use("SELECT 1", [])), "d1");
});

test("one text with other parameter types is another", () => {
  const texts = new TextCatalogue();
  assert.notEqual(texts.use("SELECT $1", [23]), texts.use("SELECT $1", [25]));
  assert.equal(texts.use("SELECT $1", [23]), texts.use("SELECT $1", [23]));
});

test("a text that spells the key of another is another", () => {
  const texts = new TextCatalogue();
  assert.notEqual(texts.use("SELECT $1", [23]), texts.use("23 SELECT $1", []));
});

test("a very long text is never kept", () => {
  const texts = new TextCatalogue();
  const text = `SELECT '${"x".repeat(10_000)}'`;
  texts.use(text, []);
  assert.equal(backendStatementName(texts.use(text, [])), "");
});

test("at the bound the text that was least recently used is forgotten", () => {
  const texts = new TextCatalogue();
  const first = texts.use("first", []);
  const second = texts.use("second", []);
  for (let number = 0; number < 2_046; number++) texts.use(`text ${number}`, []);
  assert.equal(texts.use("first", []), first);
  texts.use("one more", []);
  assert.equal(texts.use("first", []), first);
  assert.notEqual(texts.use("second", []), second);
});

test("a text that is renewed gets another name", () => {
  const texts = new TextCatalogue();
  texts.use("SELECT 1", []);
  const before = texts.use("SELECT 1", []);
  const after = texts.renew(before);
  assert.equal(backendStatementName(after), "");
  assert.notEqual(backendStatementName(texts.use("SELECT 1", [])), backendStatementName(before));
});

test("a full backend names the statement to close", () => {
  const texts = new TextCatalogue();
  const cache = new PreparedCache();
  const all = Array.from({ length: 257 }, (_, number) => texts.use(`text ${number}`, []));
  assert.deepEqual(
    all.slice(0, 256).map((prepared) => cache.add(prepared)),
    Array.from({ length: 256 }, () => undefined),
  );
  const last = all[256];
  assert.ok(last !== undefined);
  assert.equal(cache.add(last), all[0]?.id);
  assert.equal(cache.has(last), true);
});
