import assert from "node:assert/strict";
import { before, test } from "node:test";
import { createSqlParser, loadParser, type SqlParser, type Statement } from "../../sql/index.ts";
import { unkept } from "../../backend/prepared-cache.ts";
import { type RedoEntry, RedoLog } from "./redo-log.ts";

let parser: SqlParser;

before(async () => {
  await loadParser();
  parser = createSqlParser();
});

function entry(text: string, valueBytes = 0): RedoEntry {
  const [statement] = parser.parse(text).statements;
  const execution = {
    statement: statement as Statement,
    prepared: unkept(text),
    bindArguments: Buffer.alloc(valueBytes),
    describe: false,
    rowsMax: 0,
    portal: "",
    rowsSent: 0,
  };
  return { execution, tag: "" };
}

const lock = "SELECT FROM account WHERE id = $1 FOR UPDATE";
const mebibyte = 1024 * 1024;

test("what is within the bound can be run again", () => {
  const log = new RedoLog();
  for (let number = 0; number < 3; number++) log.add(entry(lock, 10 * mebibyte));
  assert.equal(log.isUnrepeatable, false);
  assert.equal(log.entries.length, 3);
});

test("beyond it nothing but the settings and the last statement is kept, and nothing can be run again", () => {
  const log = new RedoLog();
  log.add(entry("SET timezone TO 'UTC'"));
  for (let number = 0; number < 10; number++) log.add(entry(lock, 10 * mebibyte));
  log.add(entry("SET datestyle TO 'ISO'"));
  log.add(entry(lock, mebibyte));
  assert.equal(log.isUnrepeatable, true);
  assert.equal(log.isEmpty, false);
  assert.deepEqual(
    log.entries.map(({ execution }) => execution.prepared.text),
    ["SET timezone TO 'UTC'", "SET datestyle TO 'ISO'", lock],
  );
  log.keepSettings();
  assert.equal(log.isUnrepeatable, false);
  log.add(entry(lock, 10 * mebibyte));
  assert.equal(log.isUnrepeatable, false);
});
