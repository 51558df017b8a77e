/**
 * Clients that send without end, or do not read: a well-behaved one beside them is served throughout, and the memory of
 * the server stays within a bound and comes back. `docs/security-bounds.md` lists the bounds.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { encodeBindArguments, encodeFrontend } from "../../src/wire/index.ts";
import { copyData, copyDone, type RawClient, sqlstateOf, within } from "../running-cluster.ts";
import { eventually } from "../storage-helper.ts";
import { BoundsServer } from "./bounds-server.ts";

const mebibyte = 1024 * 1024;
/** The process dies where its heap would need more. */
const heapBytesMax = 160 * mebibyte;
/** The most that the process may ever occupy; it has some 200 MiB before anybody attacks. */
const peakBytesMax = 640 * mebibyte;
/** What may be left of an attack when its connections are gone. */
const leftBytesMax = 32 * mebibyte;
const sessionMemoryBytesMax = 96 * mebibyte;
const connectionsPerClusterMax = 30;

let server: BoundsServer;
let client: pg.Client;
let attackers: RawClient[] = [];

before(async () => {
  server = await BoundsServer.start(
    { sessionMemoryBytesMax, limits: { connectionsPerClusterMax } },
    heapBytesMax,
  );
  client = await server.connect();
  await client.query("CREATE TABLE line (n int PRIMARY KEY, filler text)");
});
after(() => server.stop());
beforeEach(() => {
  attackers = [];
});

async function attacker(): Promise<RawClient> {
  const raw = await server.raw();
  attackers.push(raw);
  return raw;
}

/** Asks as a well-behaved client would while the attack goes on. */
async function served(): Promise<void> {
  for (let number = 0; number < 10; number++) {
    const { rows } = await within("a well-behaved client is served", () => client.query("SELECT 1 AS one"));
    assert.deepEqual(rows, [{ one: 1 }]);
  }
}

/** Runs an attack, and holds the server against its bounds. */
async function attacked(attack: () => Promise<void>): Promise<void> {
  await served();
  const { keptBytes } = await server.memory();
  await Promise.all([attack(), served()]);
  await served();
  for (const { socket } of attackers) socket.destroy();
  const { peakBytes } = await server.memory();
  assert.ok(peakBytes < peakBytesMax, `the server took ${peakBytes} bytes`);
  let left = 0;
  await eventually("what the attack took is free again", async () => {
    left = (await server.memory()).keptBytes - keptBytes;
    return left < leftBytesMax;
  }).catch(() => assert.fail(`${left} bytes are kept after the attack`));
}

/** Until all is sent, or the server takes no more. */
async function untilTakenOrStopped({ socket }: RawClient): Promise<void> {
  for (let before = -1; socket.writableLength > 0 && socket.writableLength !== before;) {
    before = socket.writableLength;
    await sleep(1_000);
  }
}

const emptyCopyData = Buffer.concat(Array.from({ length: 200_000 }, () => copyData("")));

test("a COPY of empty messages keeps nothing", () =>
  attacked(async () => {
    for (let number = 0; number < 2; number++) {
      const raw = await attacker();
      raw.send(encodeFrontend.query("COPY line FROM STDIN"));
      await raw.until("G");
      for (let part = 0; part < 10; part++) raw.socket.write(emptyCopyData);
      raw.send(copyData("1\tone\n"), copyDone);
      assert.equal(await raw.shape(), "C Z");
      await client.query("DELETE FROM line");
    }
  }));

test("a COPY cut into bytes is kept by its bytes", () =>
  attacked(async () => {
    const raw = await attacker();
    raw.send(encodeFrontend.query("COPY line FROM STDIN"));
    await raw.until("G");
    const text = Array.from({ length: 1_000 }, (_, number) => `${number}\t${"x".repeat(300)}\n`).join("");
    raw.socket.write(Buffer.concat(Array.from(text, (character) => copyData(character))));
    raw.send(copyDone);
    assert.equal(await raw.shape(), "C Z");
    const { rows } = await client.query(
      "SELECT count(*)::int AS rows, sum(length(filler))::int AS sum FROM line",
    );
    assert.deepEqual(rows, [{ rows: 1_000, sum: 300_000 }]);
    await client.query("DELETE FROM line");
  }));

const wide = `SELECT ${Array.from({ length: 500 }, (_, number) => `1 AS "column ${number}"`).join(", ")}`;
const many = (count: number, ...frames: Buffer[]): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => Buffer.concat(frames)));

const unread: readonly (readonly [string, Buffer])[] = [
  [
    "Describe",
    Buffer.concat([
      encodeFrontend.parse("wide", wide, []),
      many(40_000, encodeFrontend.describe("statement", "wide")),
      encodeFrontend.sync(),
    ]),
  ],
  ["an error", many(10_000, encodeFrontend.query(`SELECT * FROM "${"missing".repeat(8)}"`))],
  ["an error of the parser", many(40_000, encodeFrontend.query(`SELECT FROM WHERE ${"x".repeat(300)}`))],
  ["SHOW", many(20_000, encodeFrontend.query("SHOW ALL"))],
  ["many statements in one Query", many(20, encodeFrontend.query("SHOW ALL;".repeat(10_000)))],
  ["a notice", many(200_000, encodeFrontend.query("COMMIT"))],
];

for (const [what, bytes] of unread) {
  test(`a client that does not read its answers is asked no more: ${what}`, () =>
    attacked(async () => {
      const raw = await attacker();
      raw.socket.pause();
      raw.socket.write(bytes);
      await untilTakenOrStopped(raw);
    }));
}

test("a client that is not known yet may send a password, and no more", () =>
  attacked(async () => {
    const header = Buffer.from([0x70, 0, 0, 0, 0]);
    header.writeInt32BE(10 * mebibyte, 1);
    const body = Buffer.alloc(10 * mebibyte, "x");
    for (let number = 0; number < 40; number++) {
      const raw = await server.newcomer();
      attackers.push(raw);
      await raw.until("R");
      raw.send(header);
      raw.socket.write(body);
    }
    for (const raw of attackers) await raw.closed();
  }));

test("what follows a password waits until the client is known, and is answered then", async () => {
  const raw = await attacker();
  raw.send(encodeFrontend.query("SELECT 1"));
  assert.equal(await raw.shape(), "T D C Z");
});

test("connections that do not say who they are take no place of those that do", () =>
  attacked(async () => {
    for (let number = 0; number < connectionsPerClusterMax + 5; number++) {
      const raw = await server.newcomer();
      attackers.push(raw);
      await raw.until("R");
    }
    const another = await server.connect();
    await another.query("SELECT 1");
    await another.end();
  }));

const flush = Buffer.from([0x48, 0, 0, 0, 4]);

test("sessions keep prepared statements and portals up to a bound", () =>
  attacked(async () => {
    const preparing = await attacker();
    const text = `SELECT '${"x".repeat(mebibyte)}', $1::text`;
    const isRefused = async (raw: RawClient, number: number, frame: Buffer): Promise<boolean> => {
      raw.send(frame, flush);
      for (;;) {
        const { type, frame: answer } = await raw.next();
        if (type === "E") {
          assert.equal(sqlstateOf(answer), "53400", `number ${number}`);
          raw.send(encodeFrontend.sync());
          await raw.until("Z");
          return true;
        }
        if (type === "1" || type === "2") return false;
      }
    };
    let statements = 0;
    while (!(await isRefused(preparing, statements, encodeFrontend.parse(`s${statements}`, text, []))))
      statements += 1;
    assert.ok(statements > 5 && statements < 64, `${statements} statements of 1 MiB each were kept`);
    preparing.socket.destroy();
    const binding = await attacker();
    await binding.query("BEGIN");
    binding.send(encodeFrontend.parse("s", "SELECT $1::text", []), flush);
    const values = encodeBindArguments([], ["y".repeat(mebibyte)], []);
    let portals = 0;
    await binding.until("1");
    while (!(await isRefused(binding, portals, encodeFrontend.bind(`p${portals}`, "s", values))))
      portals += 1;
    assert.ok(portals > 10 && portals < 128, `${portals} portals of 1 MiB each were kept`);
  }));

test("sessions that keep little each and too much together: the largest is ended, the small are not", () =>
  attacked(async () => {
    const header = Buffer.from([0x51, 0, 0, 0, 0]);
    header.writeInt32BE(10 * mebibyte, 1);
    const body = Buffer.alloc(9 * mebibyte, "x"); // The last byte never comes.
    for (let number = 0; number < 20; number++) {
      const raw = await attacker();
      raw.send(header);
      raw.socket.write(body);
    }
    await eventually("some are ended", () => attackers.filter(({ isClosed }) => isClosed).length >= 9);
    const ended = attackers.find(({ isClosed }) => isClosed);
    assert.equal(sqlstateOf((await ended?.next())?.frame ?? Buffer.alloc(0)), "53200");
  }));

test("a query of too many words is refused before it is parsed", () =>
  attacked(async () => {
    const raw = await attacker();
    for (const text of ["SELECT 1", "SELECT"]) {
      const word = text === "SELECT" ? ";SELECT" : ",1";
      raw.send(encodeFrontend.query(text + word.repeat((9 * mebibyte) / word.length)));
      assert.equal(await raw.shape(), "E54001 Z");
    }
    raw.send(encodeFrontend.query(`SELECT '${"x".repeat(9 * mebibyte)}'`));
    assert.equal(await raw.shape(), "T D C Z");
  }));

test("rows that are kept for a later Execute have a bound, and the statement fails beyond it", () =>
  attacked(async () => {
    const raw = await attacker();
    const text = `INSERT INTO line SELECT n FROM generate_series(1, 60) n RETURNING repeat('x', 1000000)`;
    raw.send(
      encodeFrontend.parse("", text, []),
      encodeFrontend.bind("", "", encodeBindArguments([], [], [])),
      encodeFrontend.execute("", 1),
      encodeFrontend.sync(),
    );
    assert.match(await raw.shape(), /^1 2 D E53400 Z$/);
    assert.deepEqual((await client.query("SELECT FROM line")).rows, []);
  }));

test("rows larger than the memory of a query are passed over, and their statement fails", () =>
  attacked(async () => {
    const many = await Promise.all(Array.from({ length: 4 }, attacker));
    await Promise.all(
      many.map(async (raw) => {
        raw.send(encodeFrontend.query("SELECT repeat('x', 300000000) FROM generate_series(1, 50)"));
        assert.equal(await raw.shape(), "T E54000 Z");
        raw.send(encodeFrontend.query("SELECT 1"));
        assert.equal(await raw.shape(), "T D C Z");
      }),
    );
    const raw = await attacker();
    raw.send(encodeFrontend.query("BEGIN"));
    assert.equal(await raw.shape(), "C Z");
    raw.send(encodeFrontend.query("SELECT repeat('x', 300000000)"));
    assert.equal(await raw.shape(), "T E54000 Z");
    raw.send(encodeFrontend.query("COMMIT"));
    assert.equal(await raw.shape(), "C Z");
  }));

test("answers that are held back have one bound over all", () =>
  attacked(async () => {
    await client.query("INSERT INTO line SELECT n FROM generate_series(1001, 1480) n");
    const many = await Promise.all(Array.from({ length: 8 }, attacker));
    await Promise.all(
      many.map(async (raw, place) => {
        const rows = `n BETWEEN ${1001 + 60 * place} AND ${1060 + 60 * place}`;
        raw.send(encodeFrontend.query(`UPDATE line SET n = n WHERE ${rows} RETURNING repeat('x', 1000000)`));
        // Keys are set beside others who set keys: where a look at what was written comes too late, it has lost.
        assert.match(await raw.shape(), /^T (?:(?:D ){60}C|(?:D )+E40001) Z$/);
      }),
    );
    await client.query("DELETE FROM line");
  }));
