/** The extended protocol where pipelines are odd: order of acknowledgements, failures half-way, portals. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  decodeCommandTag,
  decodeErrorFields,
  encodeBindArguments,
  encodeFrontend as send,
  noBindArguments,
} from "../src/wire/index.ts";
import { firstValues, type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster();
  const admin = await running.connect();
  await admin.query("CREATE TABLE number (n int PRIMARY KEY, id uuid NOT NULL DEFAULT gen_random_uuid())");
  await admin.query("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
  await admin.query("INSERT INTO account VALUES (1, 100)");
});
after(() => running.stop());

const text = (...values: string[]): Buffer => encodeBindArguments([], values, []);
const run = (portal = "", rowsMax = 0): Buffer => send.execute(portal, rowsMax);
const sync = send.sync();
const flush = Buffer.from([0x48, 0, 0, 0, 4]);

test("a Parse that fails leaves no statement of its name", async () => {
  const raw = await running.raw();
  raw.send(send.parse("s", "SELECT missing", []), sync);
  assert.equal(await raw.shape(), "E42703 Z");
  raw.send(send.parse("s", "SELECT 1", []), send.bind("", "s", noBindArguments), run(), sync);
  assert.equal(await raw.shape(), "1 2 D C Z");
});

test("a Bind that fails is heard after its Parse was acknowledged, and the statement stays", async () => {
  const raw = await running.raw();
  raw.send(send.parse("s", "SELECT $1::int", []), send.bind("", "s", text("x")), run(), sync);
  assert.equal(await raw.shape(), "1 E22P02 Z");
  raw.send(send.bind("", "s", text("7")), run(), sync);
  assert.deepEqual(firstValues(await raw.until("Z")), ["7"]);
});

test("a named statement is taken until it is closed; the unnamed one is replaced", async () => {
  const raw = await running.raw();
  raw.send(send.parse("s", "SELECT 1", []), send.parse("s", "SELECT 2", []), sync);
  assert.equal(await raw.shape(), "1 E42P05 Z");
  raw.send(send.close("statement", "s"), send.parse("s", "SELECT 2", []), sync);
  assert.equal(await raw.shape(), "3 1 Z");
  raw.send(
    send.parse("", "SELECT 1", []),
    send.parse("", "SELECT 2", []),
    send.bind("", "", noBindArguments),
    run(),
    sync,
  );
  assert.deepEqual(firstValues(await raw.until("Z")), ["2"]);
});

test("each message of an odd pipeline is acknowledged in order", async () => {
  const raw = await running.raw();
  raw.send(
    send.parse("a", "SELECT 1", []),
    send.parse("b", "SELECT $1::text", []),
    send.describe("statement", "a"),
    send.bind("p", "b", text("x")),
    send.bind("q", "a", noBindArguments),
    send.describe("portal", "p"),
    run("q"),
    run("p"),
    send.close("portal", "p"),
    send.close("statement", "b"),
    sync,
  );
  assert.equal(await raw.shape(), "1 1 t T 2 2 T D C D C 3 3 Z");
});

test("an error skips to the Sync, which answers once, and the next pipeline is whole", async () => {
  const raw = await running.raw();
  raw.send(
    send.parse("", "SELECT $1::int / (random() * 0)::int", []),
    send.bind("", "", text("0")),
    run(),
    send.parse("x", "SELECT 1", []),
    send.query("SELECT 'skipped'"),
    sync,
    send.bind("", "x", noBindArguments),
    sync,
    sync,
  );
  assert.equal(await raw.shape(), "1 2 E22012 Z");
  assert.equal(await raw.shape(), "E26000 Z");
  assert.equal(await raw.shape(), "Z");
});

test("Flush brings what there is", async () => {
  const raw = await running.raw();
  raw.send(send.parse("", "SELECT 1", []), flush);
  assert.equal((await raw.next()).type, "1");
  raw.send(send.bind("", "", noBindArguments), flush);
  assert.equal((await raw.next()).type, "2");
  raw.send(run(), flush);
  assert.equal((await raw.next()).type, "D");
  assert.equal((await raw.next()).type, "C");
  raw.send(sync);
  assert.equal(await raw.shape(), "Z");
});

test("an empty statement is answered as such", async () => {
  const raw = await running.raw();
  raw.send(
    send.parse("", "-- nothing", []),
    send.bind("", "", noBindArguments),
    send.describe("portal", ""),
    run(),
    sync,
  );
  assert.equal(await raw.shape(), "1 2 n I Z");
});

test("several portals in a block give their rows bit by bit", async () => {
  const raw = await running.raw();
  await raw.query("BEGIN");
  raw.send(
    send.parse("s", "SELECT generate_series(1, $1::int)", []),
    send.bind("p", "s", text("5")),
    send.bind("q", "s", text("3")),
    run("p", 2),
    run("q", 2),
    sync,
  );
  assert.equal(await raw.shape(), "1 2 2 D D s D D s Z");
  raw.send(run("p", 2), run("q", 2), run("p", 2), sync);
  const messages = await raw.until("Z");
  assert.equal(messages.map(({ type }) => type).join(" "), "D D s D C D C Z");
  assert.deepEqual(firstValues(messages), ["3", "4", "3", "5"]);
  await raw.query("COMMIT");
  raw.send(run("p"), sync);
  assert.equal(await raw.shape(), "E34000 Z");
});

test("a portal of EXPLAIN gives as many rows as are asked for, too", async () => {
  const raw = await running.raw();
  await raw.query("BEGIN");
  const explained = "EXPLAIN SELECT * FROM account ORDER BY balance";
  raw.send(
    send.parse("", explained, []),
    send.bind("p", "", noBindArguments),
    run("p", 1),
    run("p", 1),
    sync,
  );
  assert.equal(await raw.shape(), "1 2 D s D s Z");
  raw.send(run("p"), sync);
  assert.match(await raw.shape(), /^(?:D )+C Z$/);
  await raw.query("COMMIT");
});

test("a portal goes on where it was after its transaction has made room for another", async () => {
  const raw = await running.raw();
  const other = await running.connect();
  await raw.query("BEGIN");
  await raw.query("UPDATE account SET balance = 0 WHERE id = 1");
  raw.send(
    send.parse("", "SELECT n FROM generate_series(1, 5) AS n", []),
    send.bind("p", "", noBindArguments),
    run("p", 2),
    sync,
  );
  assert.deepEqual(firstValues(await raw.until("Z")), ["1", "2"]);
  await other.query("BEGIN");
  await other.query("UPDATE account SET balance = 1 WHERE id = 1");
  await other.query("ROLLBACK");
  raw.send(run("p", 2), sync);
  assert.deepEqual(firstValues(await raw.until("Z")), ["3", "4"]);
  raw.send(run("p", 0), sync);
  assert.deepEqual(firstValues(await raw.until("Z")), ["5"]);
  await raw.query("ROLLBACK");
});

test("a writing statement runs whole, however few of its rows are asked for, and survives parking", async () => {
  const raw = await running.raw();
  const other = await running.connect();
  await raw.query("BEGIN");
  await raw.query("UPDATE account SET balance = 0 WHERE id = 1");
  raw.send(
    send.parse("", "INSERT INTO number SELECT generate_series(1, 5) RETURNING n, id", []),
    send.bind("p", "", noBindArguments),
    send.describe("portal", "p"),
    run("p", 2),
    sync,
  );
  const first = await raw.until("Z");
  assert.equal(first.map(({ type }) => type).join(" "), "1 2 T D D s Z");
  await other.query("BEGIN");
  await other.query("UPDATE account SET balance = 1 WHERE id = 1");
  await other.query("ROLLBACK");
  raw.send(run("p", 3), run("p", 3), sync);
  const rest = await raw.until("Z");
  assert.equal(rest.map(({ type }) => type).join(" "), "D D D s C Z");
  const tag = rest.find(({ type }) => type === "C");
  assert.equal(tag === undefined ? "" : decodeCommandTag(tag.frame), "INSERT 0 5");
  await raw.query("COMMIT");
  assert.deepEqual([...firstValues(first), ...firstValues(rest)], ["1", "2", "3", "4", "5"]);
  assert.equal((await other.query("SELECT n FROM number")).rowCount, 5);
});

test("a portal dies with the block in which something failed", async () => {
  const raw = await running.raw();
  await raw.query("BEGIN");
  raw.send(
    send.parse("", "SELECT generate_series(1, 5)", []),
    send.bind("p", "", noBindArguments),
    run("p", 1),
    sync,
  );
  await raw.until("Z");
  await raw.query("SELECT 1 / 0");
  raw.send(run("p", 1), sync);
  assert.match(await raw.shape(), /^E(?:34000|25P02) Z$/);
  await raw.query("ROLLBACK");
});

test("Describe of a portal that has begun gives its columns again", async () => {
  const raw = await running.raw();
  await raw.query("BEGIN");
  raw.send(
    send.parse("", "SELECT generate_series(1, 5)", []),
    send.bind("p", "", noBindArguments),
    run("p", 1),
    send.describe("portal", "p"),
    run("p", 0),
    sync,
  );
  assert.equal(await raw.shape(), "1 2 D s T D D D D C Z");
  await raw.query("COMMIT");
});

test("Describe does not wait for a catalog change that another block has open", async () => {
  const admin = await running.connect();
  await admin.query("CREATE TABLE described (a int)");
  const raw = await running.raw();
  await admin.query("BEGIN");
  await admin.query("ALTER TABLE described ADD COLUMN b int");
  raw.send(send.parse("", "SELECT * FROM described", []), send.describe("statement", ""), sync);
  assert.equal(await raw.shape(), "1 t T Z");
  await admin.query("ROLLBACK");
});

test("in a failed block only its end is accepted, whichever way it comes", async () => {
  const raw = await running.raw();
  raw.send(send.parse("commit", "COMMIT", []), send.parse("s", "SELECT 1", []), sync);
  await raw.until("Z");
  await raw.query("BEGIN");
  await raw.query("SELECT 1 / 0");
  raw.send(send.parse("", "SELECT 1", []), sync);
  assert.equal(await raw.shape(), "E25P02 Z");
  raw.send(send.bind("", "s", noBindArguments), run(), sync);
  assert.match(await raw.shape(), /E25P02 Z$/);
  assert.match(
    (await raw.query("SELECT 1"))
      .map(({ frame, type }) => (type === "E" ? decodeErrorFields(frame).get("C") : type))
      .join(" "),
    /^25P02 Z$/,
  );
  raw.send(send.bind("", "commit", noBindArguments), run(), sync);
  const end = await raw.until("Z");
  const tag = end.find(({ type }) => type === "C");
  assert.equal(tag === undefined ? "" : decodeCommandTag(tag.frame), "ROLLBACK");
});

test("a pipeline without BEGIN is one transaction, committed at its Sync", async () => {
  const raw = await running.raw();
  const insert = (n: number): Buffer[] => [
    send.parse("", `INSERT INTO number (n) VALUES (${n})`, []),
    send.bind("", "", noBindArguments),
    run(),
  ];
  raw.send(...insert(100), ...insert(101), ...insert(100), sync);
  assert.match(await raw.shape(), /E23505 Z$/);
  raw.send(...insert(102), ...insert(103), sync);
  assert.equal(await raw.shape(), "1 2 C 1 2 C Z");
  const { rows } = await (await running.connect()).query("SELECT n FROM number WHERE n >= 100 ORDER BY n");
  assert.deepEqual(rows, [{ n: 102 }, { n: 103 }]);
});

test("BEGIN and COMMIT in the middle of a message part it into transactions", async () => {
  const client = await running.connect();
  await assert.rejects(
    client.query(
      "INSERT INTO number (n) VALUES (200); BEGIN; INSERT INTO number (n) VALUES (201); COMMIT; INSERT INTO number (n) VALUES (202); SELECT 1 / 0",
    ),
    { code: "22012" },
  );
  const { rows } = await client.query("SELECT n FROM number WHERE n >= 200 ORDER BY n");
  assert.deepEqual(rows, [{ n: 200 }, { n: 201 }]);
});

test("an error's position is that in the text that was sent", async () => {
  const client = await running.connect();
  const source = "SELECT 'ä'; SELECT  missing";
  await assert.rejects(client.query(source), {
    code: "42703",
    position: String(source.indexOf("missing") + 1),
  });
});
