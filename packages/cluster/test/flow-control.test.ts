/** Slow readers, large COPYs, cancelled statements and clients that vanish: memory stays bounded, backends come free. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeFrontend } from "../src/wire/index.ts";
import {
  cancelRequest,
  copyData,
  copyDone,
  type RawClient,
  type RunningCluster,
  runCluster,
  sqlstateOf,
  within,
} from "./running-cluster.ts";
import { eventually } from "./storage-helper.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster({ livelyBackendsMax: 2 });
  const admin = await running.connect();
  await admin.query("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)");
  await admin.query("INSERT INTO account VALUES (1, 100)");
  await admin.query("CREATE TABLE line (n int, filler text)");
});
after(() => running.stop());

const rows = 1_000_000;
const hugeResult = `SELECT repeat('x', 200) FROM generate_series(1, ${rows})`;
const memoryGrowthMax = 64 * 1024 * 1024;

function residentBytes(): number {
  return process.memoryUsage().rss;
}

/** Lets the server send for as long as it wants to. */
async function untilServerPauses(raw: RawClient): Promise<void> {
  let before = -1;
  while (raw.socket.bytesRead !== before) {
    before = raw.socket.bytesRead;
    await sleep(200);
  }
}

/** Nobody else's statement is held up, and no backend is kept. */
async function assertFree(): Promise<void> {
  const client = await running.connect();
  await within("another session writes the row", () =>
    client.query("UPDATE account SET balance = balance + 1 WHERE id = 1"),
  );
  await client.end();
  await eventually("no backend is at work or in a transaction", async () =>
    (await running.backends()).every(({ state }) => state === "idle"),
  );
}

for (const text of [hugeResult, `COPY (${hugeResult}) TO STDOUT`]) {
  test(`a client that does not read on keeps memory bounded: ${text.slice(0, 20)}…`, async () => {
    const raw = await running.raw();
    raw.socket.pause();
    const before = residentBytes();
    raw.send(encodeFrontend.query(text));
    await untilServerPauses(raw);
    const grownBytes = residentBytes() - before;
    assert.ok(grownBytes < memoryGrowthMax, `memory grew by ${grownBytes} bytes`);
    raw.socket.destroy();
    await assertFree();
  });
}

test("clients that do not read leave room for those that do", async () => {
  const slow = await Promise.all(Array.from({ length: 4 }, () => running.raw()));
  for (const raw of slow) {
    raw.socket.pause();
    raw.send(encodeFrontend.query(hugeResult));
  }
  const client = await running.connect();
  await within("a statement is answered", () => client.query("SELECT 1"));
  for (const raw of slow) raw.socket.destroy();
  await assertFree();
});

test("a client that starts to read late gets every row", async () => {
  const raw = await running.raw();
  raw.socket.pause();
  raw.send(encodeFrontend.query("SELECT repeat('x', 200) FROM generate_series(1, 100000)"));
  await untilServerPauses(raw);
  raw.socket.resume();
  assert.equal((await raw.until("Z")).filter(({ type }) => type === "D").length, 100_000);
});

test("COPY takes what a transaction may hold and refuses more, without keeping it", async () => {
  const raw = await running.raw();
  const line = `1\t${"x".repeat(997)}\n`;
  const chunk = copyData(line.repeat(64));
  const copy = async (chunks: number): Promise<string> => {
    raw.send(encodeFrontend.query("COPY line FROM STDIN"));
    await raw.until("G");
    for (let number = 0; number < chunks; number++) {
      if (!raw.socket.write(chunk)) await new Promise((resolve) => raw.socket.once("drain", resolve));
    }
    raw.send(copyDone);
    return await raw.shape();
  };
  assert.equal(await copy(40), "C Z"); // 2,560 rows
  const before = residentBytes();
  assert.equal(await copy(2_000), "E54000 Z"); // 128 MB
  const grownBytes = residentBytes() - before;
  assert.ok(grownBytes < memoryGrowthMax, `memory grew by ${grownBytes} bytes`);
  const client = await running.connect();
  assert.deepEqual((await client.query("SELECT count(*)::int AS rows FROM line")).rows, [{ rows: 2_560 }]);
});

test("COPY that PostgreSQL refuses, or the client gives up, leaves the session usable", async () => {
  const raw = await running.raw();
  raw.send(encodeFrontend.query("COPY line FROM STDIN"));
  await raw.until("G");
  raw.send(copyData("no number\tx\n"), copyDone);
  assert.equal(await raw.shape(), "E22P02 Z");
  raw.send(encodeFrontend.query("COPY line FROM STDIN"));
  await raw.until("G");
  raw.send(encodeFrontend.copyFail("changed my mind"));
  assert.equal(await raw.shape(), "E57014 Z");
  raw.send(encodeFrontend.query("COPY line FROM STDIN"));
  await raw.until("G");
  raw.send(encodeFrontend.query("SELECT 1"));
  assert.match(await raw.shape(), /^E08P01 Z$/);
  raw.send(encodeFrontend.query("SELECT 1"));
  assert.equal(await raw.shape(), "T D C Z");
});

test("a block whose client dawdles over a COPY stands in nobody's way, and its COPY is whole in the end", async () => {
  const raw = await running.raw();
  const other = await running.connect();
  await other.query("INSERT INTO account VALUES (2, 100)");
  await raw.query("BEGIN; UPDATE account SET balance = 0 WHERE id = 2");
  raw.send(encodeFrontend.query("COPY account FROM STDIN"));
  await raw.until("G");
  raw.send(copyData("3\t7\n"));
  await other.query("BEGIN");
  await within("the other writer is answered", () =>
    other.query("UPDATE account SET balance = 1 WHERE id = 2"),
  );
  await other.query("ROLLBACK");
  raw.send(copyData("4\t8\n"), copyDone);
  assert.equal(await raw.shape(), "C Z");
  raw.send(encodeFrontend.query("COMMIT"));
  assert.equal(await raw.shape(), "C Z");
  const { rows: accounts } = await other.query("SELECT id, balance FROM account WHERE id > 1 ORDER BY id");
  assert.deepEqual(accounts, [
    { id: 2, balance: 0 },
    { id: 3, balance: 7 },
    { id: 4, balance: 8 },
  ]);
});

test("a cancelled statement fails and its session goes on", async () => {
  const raw = await running.raw();
  raw.send(encodeFrontend.query("SELECT pg_sleep(60)"));
  await eventually("the statement runs", async () =>
    (await running.backends()).some(({ state }) => state === "active"),
  );
  await cancelRequest(running.cluster, raw.key);
  assert.equal(await raw.shape(), "T E57014 Z");
  raw.send(encodeFrontend.query("SELECT 1"));
  assert.equal(await raw.shape(), "T D C Z");
});

test("a cancelled statement in a block fails the block, which has not lost to anybody", async () => {
  const raw = await running.raw();
  await raw.query("BEGIN");
  await raw.query("UPDATE account SET balance = 7 WHERE id = 1");
  raw.send(encodeFrontend.query("SELECT pg_sleep(60)"));
  await eventually("the statement runs", async () =>
    (await running.backends()).some(({ state }) => state === "active"),
  );
  await cancelRequest(running.cluster, raw.key);
  assert.equal(await raw.shape(), "T E57014 Z");
  assert.equal(
    (await raw.query("SELECT 1"))
      .map(({ frame, type }) => (type === "E" ? sqlstateOf(frame) : type))
      .join(" "),
    "25P02 Z",
  );
  await raw.query("ROLLBACK");
  await assertFree();
});

const departures: readonly (readonly [string, (raw: RawClient) => Promise<unknown>])[] = [
  ["inside a block", (raw) => raw.query("BEGIN; UPDATE account SET balance = 0 WHERE id = 1")],
  [
    "in the middle of a COPY in",
    async (raw) => {
      await raw.query("BEGIN; UPDATE account SET balance = 0 WHERE id = 1");
      raw.send(encodeFrontend.query("COPY line FROM STDIN"));
      await raw.until("G");
      raw.send(copyData("1\thalf a line"));
    },
  ],
  [
    "in the middle of a result",
    async (raw) => {
      await raw.query("BEGIN; UPDATE account SET balance = 0 WHERE id = 1");
      raw.send(encodeFrontend.query(hugeResult));
      await raw.until("D");
    },
  ],
  [
    "while a statement runs",
    async (raw) => {
      await raw.query("BEGIN; UPDATE account SET balance = 0 WHERE id = 1");
      raw.send(encodeFrontend.query("SELECT pg_sleep(60)"));
      await eventually("the statement runs", async () =>
        (await running.backends()).some(({ state }) => state === "active"),
      );
    },
  ],
  [
    "right after sending COMMIT of a block that is parked",
    async (raw) => {
      await raw.query("BEGIN; UPDATE account SET balance = balance WHERE id = 1");
      const other = await running.connect();
      await other.query("UPDATE account SET balance = balance WHERE id = 1");
      await other.end();
      raw.send(encodeFrontend.query("COMMIT"));
    },
  ],
  [
    "in the middle of a message",
    (raw) => {
      raw.send(encodeFrontend.query("BEGIN; UPDATE account SET balance = 0 WHERE id = 1").subarray(0, 20));
      return Promise.resolve();
    },
  ],
];

for (const [when, leave] of departures) {
  test(`a client that vanishes ${when} frees all that it held`, async () => {
    const raw = await running.raw();
    await leave(raw);
    raw.socket.destroy();
    await assertFree();
  });
}
