/**
 * Messages that no driver sends: each is answered with an error or a closed connection, and hurts nobody else.
 *
 * Source: PostgreSQL 16 documentation, "Message Formats"; limits: Aurora DSQL User Guide, "Quotas".
 */
import assert from "node:assert/strict";
import {
  Connection,
  ConnectionClosed,
  frontend,
  openTransport,
  Session,
  type Target,
} from "../client/index.ts";
import { closes, errorOf, exchange, rowsOf, type WireCase, withSession } from "./wire-case.ts";

const messageBytesMax = 10 * 1024 * 1024;

/** The server says 08P01 and closes, or closes without a word. */
async function endsTheSession(session: Session): Promise<void> {
  try {
    const message = await session.connection.next();
    assert.ok(message.type === "ErrorResponse", `expected an error or the end, got ${message.type}`);
    assert.equal(message.fields["C"], "08P01");
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
  await closes(session.connection);
}

/** A case in which one session misbehaves while another looks on. */
function misbehaving(name: string, run: (session: Session) => Promise<void>): WireCase {
  return withSession(name, async (session, target) => {
    const witness = await Session.open(target);
    try {
      await witness.query("BEGIN");
      await run(session);
      assert.deepEqual(await rowsOf(witness, "SELECT 1"), ["1"]);
      assert.equal((await witness.query("COMMIT")).tag, "COMMIT");
    } finally {
      witness.connection.destroy();
    }
  });
}

async function startUpBytes(target: Target, bytes: Buffer): Promise<void> {
  const connection = new Connection(await openTransport(target));
  connection.send(bytes);
  await closes(connection);
}

function startUp(name: string, bytes: Buffer): WireCase {
  return {
    name,
    run: async (target) => {
      await startUpBytes(target, bytes);
      const session = await Session.open(target);
      assert.deepEqual(await rowsOf(session, "SELECT 1"), ["1"]);
      await session.close();
    },
  };
}

export const malformedCases: readonly WireCase[] = [
  misbehaving("an unknown message type ends the session", async (session) => {
    session.connection.send(frontend.frame("!", Buffer.from("what")));
    await endsTheSession(session);
  }),

  misbehaving("a length below its own four bytes ends the session", async (session) => {
    session.connection.send(Buffer.from("Q"), frontend.int32(3));
    await endsTheSession(session);
  }),

  misbehaving("a negative length ends the session", async (session) => {
    session.connection.send(Buffer.from("Q"), frontend.int32(-1));
    await endsTheSession(session);
  }),

  misbehaving("a message beyond 10 MiB ends the session before it is read", async (session) => {
    session.connection.send(Buffer.from("Q"), frontend.int32(messageBytesMax + 1_000), Buffer.alloc(100));
    await endsTheSession(session);
  }),

  misbehaving("a Bind that ends too early is 08P01, and the session goes on after Sync", async (session) => {
    const answers = await exchange(
      session,
      frontend.parse("SELECT $1::int"),
      frontend.frame("B", Buffer.from("\0\0"), frontend.int16(0), frontend.int16(1), frontend.int32(100)),
      frontend.execute(),
      frontend.sync(),
    );
    assert.equal(errorOf(answers)["C"], "08P01");
    assert.deepEqual(await rowsOf(session, "SELECT 1"), ["1"]);
  }),

  misbehaving("a Query whose text has no end is 08P01", async (session) => {
    session.connection.send(frontend.frame("Q", Buffer.from("SELECT 1")));
    const message = await session.connection.next();
    assert.ok(message.type === "ErrorResponse");
    assert.equal(message.fields["C"], "08P01");
  }),

  misbehaving("bytes that are not UTF-8 are 22021", async (session) => {
    const answers = await exchange(
      session,
      frontend.frame("Q", Buffer.from("SELECT '\xff\xfe'\0", "latin1")),
    );
    assert.equal(errorOf(answers)["C"], "22021");
    assert.deepEqual(await rowsOf(session, "SELECT 1"), ["1"]);
  }),

  misbehaving("a NUL byte in a text parameter is 22021", async (session) => {
    const answers = await exchange(
      session,
      frontend.parse("SELECT $1::text"),
      frontend.bind({ values: ["a\0b"] }),
      frontend.execute(),
      frontend.sync(),
    );
    assert.equal(errorOf(answers)["C"], "22021");
  }),

  misbehaving("CopyData and CopyDone outside COPY are ignored", async (session) => {
    session.connection.send(frontend.copyData("1\n"), frontend.copyDone());
    assert.deepEqual(await rowsOf(session, "SELECT 1"), ["1"]);
  }),

  misbehaving("a second password message ends the session", async (session) => {
    session.connection.send(frontend.password("again"));
    await endsTheSession(session);
  }),

  startUp("a start-up packet of three bytes closes the connection", frontend.int32(3)),
  startUp("a start-up packet that claims a gigabyte closes the connection", frontend.int32(1024 ** 3)),
  startUp(
    "a start-up packet without a user closes the connection",
    frontend.startup({ database: "postgres" }),
  ),
  startUp(
    "start-up parameters without an end close the connection",
    frontend.startupFrame(frontend.int32(196_608), Buffer.from("user\0admin")),
  ),
];
