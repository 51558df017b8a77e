/**
 * Clients that leave: politely, suddenly, and by way of CancelRequest. What they had not committed is gone, and what
 * they held is free at once.
 *
 * Source: PostgreSQL 16 documentation, "Termination" and "Canceling Requests in Progress".
 */
import assert from "node:assert/strict";
import { Connection, frontend, NoAnswer, openTransport, Session, type Target } from "../client/index.ts";
import { closes, errorOf, rowsOf, type WireCase, withSession, withTables } from "./wire-case.ts";

const account = [
  "CREATE TABLE account (id int PRIMARY KEY, balance int)",
  "INSERT INTO account VALUES (1, 100)",
];
const write = "UPDATE account SET balance = 0 WHERE id = 1";
/** Longer than any bound of a wait here: nobody gets by because the statement has ended by itself. */
const endlessStatement = "SELECT pg_sleep(60)";

/** A client leaves after `prepare`; then another finds the row as it was and can write it at once. */
function leavesNothing(when: string, prepare: (session: Session) => Promise<unknown>): WireCase {
  return withTables(
    `a client that vanishes ${when} leaves nothing behind`,
    account,
    async (session, openAnother) => {
      const other = await openAnother();
      await prepare(session);
      session.connection.destroy();
      assert.deepEqual(
        await rowsOf(other, "UPDATE account SET balance = balance + 1 WHERE id = 1 RETURNING balance"),
        ["101"],
      );
      assert.deepEqual(await rowsOf(other, "SELECT balance FROM account"), ["101"]);
    },
  );
}

async function cancel(target: Target, processId: number, secretKey: Buffer): Promise<void> {
  const connection = new Connection(await openTransport(target));
  connection.send(frontend.cancelRequest(processId, secretKey));
  await closes(connection);
}

export const vanishingCases: readonly WireCase[] = [
  leavesNothing("in a block that wrote", async (session) => {
    await session.query("BEGIN");
    await session.query(write);
  }),
  leavesNothing("in a failed block", async (session) => {
    await session.query("BEGIN");
    await session.query(write);
    await session.query("SELECT 1 / 0");
  }),
  leavesNothing("between Execute and Sync", async (session) => {
    session.connection.send(frontend.parse(write), frontend.bind(), frontend.execute(), frontend.flush());
    await session.connection.nextUntil("CommandComplete");
  }),
  leavesNothing("with a portal half read", async (session) => {
    await session.query("BEGIN");
    await session.query(write);
    session.connection.send(
      frontend.parse("SELECT generate_series(1, 1000000)"),
      frontend.bind(),
      frontend.execute("", 10),
      frontend.flush(),
    );
    await session.connection.nextUntil("PortalSuspended");
  }),
  leavesNothing("in the middle of a message", async (session) => {
    await session.query("BEGIN");
    await session.query(write);
    session.connection.send(frontend.query("SELECT 1").subarray(0, 4));
  }),
  leavesNothing("while its statement runs", async (session) => {
    await session.query("BEGIN");
    await session.query(write);
    session.connection.send(frontend.query(endlessStatement));
    await session.connection.staysSilent(100);
  }),
  leavesNothing("in the middle of a result that it does not read", async (session) => {
    await session.query("BEGIN");
    await session.query(write);
    session.connection.send(frontend.query("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"));
    await session.connection.next();
  }),
  withTables(
    "a client that vanishes during COPY leaves nothing behind",
    account,
    async (session, openAnother) => {
      session.connection.send(frontend.query("COPY account FROM STDIN"));
      assert.equal((await session.connection.next()).type, "CopyInResponse");
      session.connection.send(frontend.copyData("2\t5\n"));
      session.connection.destroy();
      const other = await openAnother();
      assert.equal((await other.query("INSERT INTO account VALUES (2, 1)")).tag, "INSERT 0 1");
    },
  ),

  withTables("Terminate in a block rolls back and closes", account, async (session, openAnother) => {
    await session.query("BEGIN");
    await session.query(write);
    await session.close();
    assert.deepEqual(await rowsOf(await openAnother(), "SELECT balance FROM account"), ["100"]);
  }),

  {
    name: "clients that vanish during start-up leave the server serving",
    run: async (target) => {
      const starts = [
        Buffer.alloc(0),
        frontend.int32(50),
        frontend.startup({ user: target.user, database: target.database }),
      ];
      for (const bytes of starts) {
        const connection = new Connection(await openTransport(target));
        connection.send(bytes);
        await connection.staysSilent(20);
        connection.destroy();
      }
      const session = await Session.open(target);
      assert.deepEqual(await rowsOf(session, "SELECT 1"), ["1"]);
      await session.close();
    },
  },

  withSession("CancelRequest stops the statement under way: 57014", async (session, target) => {
    session.connection.send(frontend.query(endlessStatement));
    // A request that overtakes its statement stops nothing, so it is made again.
    do await cancel(target, session.processId, session.secretKey);
    while (await session.connection.staysSilent(5_000));
    assert.equal(errorOf(await session.connection.nextUntil("ReadyForQuery"))["C"], "57014");
    assert.deepEqual(await rowsOf(session, "SELECT 1"), ["1"]);
  }),

  withSession("CancelRequest with another key stops nothing", async (session, target) => {
    session.connection.send(frontend.query("SELECT pg_sleep(0.5)"));
    const wrongKey = Buffer.from(session.secretKey);
    wrongKey.writeUInt8(wrongKey.readUInt8(0) ^ 0xff, 0);
    await cancel(target, session.processId, wrongKey);
    const answers = await session.connection.nextUntil("ReadyForQuery");
    assert.ok(!answers.some(({ type }) => type === "ErrorResponse"));
  }),

  withSession("CancelRequest for an idle session changes nothing", async (session, target) => {
    await cancel(target, session.processId, session.secretKey);
    await assert.rejects(session.connection.next(100), NoAnswer);
    assert.deepEqual(await rowsOf(session, "SELECT 1"), ["1"]);
  }),
];
