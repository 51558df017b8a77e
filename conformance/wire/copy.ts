/**
 * COPY FROM STDIN and TO STDOUT.
 *
 * Source: PostgreSQL 16 documentation, "COPY Operations"; that the service has them: github.com/awslabs/aurora-dsql-tools.
 */
import assert from "node:assert/strict";
import { frontend, type Session } from "../client/index.ts";
import { errorOf, exchange, rowsOf, statusOf, typesOf, type WireCase, withTables } from "./wire-case.ts";

const { copyData, copyDone, copyFail, query } = frontend;
const table = ["CREATE TABLE t (id int PRIMARY KEY, name text)"];

async function startCopyIn(session: Session): Promise<void> {
  session.connection.send(query("COPY t FROM STDIN"));
  assert.equal((await session.connection.next()).type, "CopyInResponse");
}

export const copyCases: readonly WireCase[] = [
  withTables("COPY FROM STDIN takes rows in any cut and counts them", table, async (session) => {
    await startCopyIn(session);
    const answers = await exchange(
      session,
      copyData("1\ta\n2\t"),
      copyData("b\n"),
      copyData("3\t\\N\n"),
      copyDone(),
    );
    assert.deepEqual(typesOf(answers), ["CommandComplete", "ReadyForQuery"]);
    assert.ok(answers[0]?.type === "CommandComplete" && answers[0].tag === "COPY 3");
    assert.deepEqual(await rowsOf(session, "SELECT id, name FROM t ORDER BY id"), ["1,a", "2,b", "3,null"]);
  }),

  withTables("CopyFail undoes the COPY: 57014", table, async (session) => {
    await startCopyIn(session);
    const answers = await exchange(session, copyData("1\ta\n"), copyFail("changed my mind"));
    assert.deepEqual([errorOf(answers)["C"], statusOf(answers)], ["57014", "I"]);
    assert.deepEqual(await rowsOf(session, "SELECT count(*) FROM t"), ["0"]);
  }),

  withTables(
    "after an error in COPY what the client still sends of it is ignored",
    table,
    async (session) => {
      await startCopyIn(session);
      const answers = await exchange(session, copyData("one\ta\n"), copyData("2\tb\n"), copyDone());
      assert.equal(errorOf(answers)["C"], "22P02");
      assert.deepEqual(await rowsOf(session, "SELECT count(*) FROM t"), ["0"]);
    },
  ),

  withTables("COPY in a block is part of its transaction", table, async (session) => {
    await session.query("BEGIN");
    await startCopyIn(session);
    assert.equal(statusOf(await exchange(session, copyData("1\ta\n"), copyDone())), "T");
    assert.deepEqual(await rowsOf(session, "SELECT count(*) FROM t"), ["1"]);
    await session.query("ROLLBACK");
    assert.deepEqual(await rowsOf(session, "SELECT count(*) FROM t"), ["0"]);
  }),

  withTables("COPY FROM STDIN works by the extended protocol", table, async (session) => {
    session.connection.send(
      frontend.parse("COPY t FROM STDIN"),
      frontend.bind(),
      frontend.execute(),
      frontend.sync(),
    );
    for (const type of ["ParseComplete", "BindComplete", "CopyInResponse"]) {
      assert.equal((await session.connection.next()).type, type);
    }
    const answers = await exchange(session, copyData("1\ta\n"), copyDone(), frontend.sync());
    assert.deepEqual(typesOf(answers), ["CommandComplete", "ReadyForQuery"]);
    assert.deepEqual(await rowsOf(session, "SELECT name FROM t"), ["a"]);
  }),

  withTables("COPY of more than 3,000 rows is 54000 and leaves nothing", table, async (session) => {
    await startCopyIn(session);
    const rows = Array.from({ length: 3_001 }, (_, n) => `${n}\tx\n`).join("");
    const answers = await exchange(session, copyData(rows), copyDone());
    assert.deepEqual([errorOf(answers)["C"], statusOf(answers)], ["54000", "I"]);
    assert.deepEqual(await rowsOf(session, "SELECT count(*) FROM t"), ["0"]);
  }),

  withTables("a COPY that meets a concurrent writer loses at COMMIT", table, async (session, openAnother) => {
    const other = await openAnother();
    await session.query("BEGIN");
    await startCopyIn(session);
    await exchange(session, copyData("1\tmine\n"), copyDone());
    assert.equal((await other.query("INSERT INTO t VALUES (1, 'theirs')")).tag, "INSERT 0 1");
    assert.deepEqual(await rowsOf(session, "SELECT name FROM t"), ["mine"]);
    assert.equal((await session.query("COMMIT")).error?.sqlstate, "40001");
    assert.deepEqual(await rowsOf(session, "SELECT name FROM t"), ["theirs"]);
  }),

  withTables("COPY TO STDOUT gives the rows as text", table, async (session) => {
    await session.query("INSERT INTO t VALUES (1, 'a'), (2, null)");
    const answers = await exchange(session, query("COPY (SELECT id, name FROM t ORDER BY id) TO STDOUT"));
    assert.deepEqual(typesOf(answers), [
      "CopyOutResponse",
      "CopyData",
      "CopyData",
      "CopyDone",
      "CommandComplete",
      "ReadyForQuery",
    ]);
    const rows = answers.filter((message) => message.type === "CopyData").map(({ data }) => data.toString());
    assert.deepEqual(rows, ["1\ta\n", "2\t\\N\n"]);
  }),

  withTables("COPY from a file of the server is refused", table, async (session) => {
    const { error } = await session.query("COPY t FROM '/etc/hostname'");
    assert.ok(error !== undefined);
    assert.notEqual(error.sqlstate.slice(0, 2), "XX");
  }),
];
