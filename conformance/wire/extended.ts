/**
 * The extended protocol: Parse, Bind, Describe, Execute, Close, Flush, Sync, alone and in pipelines.
 *
 * Source: PostgreSQL 16 documentation, "Message Flow", "Extended Query" and "Pipelining".
 */
import assert from "node:assert/strict";
import { frontend, Session } from "../client/index.ts";
import {
  errorOf,
  exchange,
  rowsIn,
  rowsOf,
  statusOf,
  typesOf,
  type WireCase,
  withSession,
  withTables,
} from "./wire-case.ts";

const { bind, closePortal, closeStatement, describePortal, describeStatement, execute, flush, parse, sync } =
  frontend;

const int4 = 23;
const text = 25;
const run = (sql: string): Buffer[] => [parse(sql), bind(), execute()];
const oneRow = ["ParseComplete", "BindComplete", "DataRow", "CommandComplete"];
const noRow = ["ParseComplete", "BindComplete", "CommandComplete"];
const table = ["CREATE TABLE t (id int PRIMARY KEY, name text)"];

export const extendedCases: readonly WireCase[] = [
  withSession(
    "a pipeline of three statements is answered in order, with one ReadyForQuery",
    async (session) => {
      const answers = await exchange(
        session,
        ...run("SELECT 1"),
        ...run("SELECT 2"),
        ...run("SELECT 3"),
        sync(),
      );
      assert.deepEqual(typesOf(answers), [...oneRow, ...oneRow, ...oneRow, "ReadyForQuery"]);
      assert.deepEqual(rowsIn(answers), ["1", "2", "3"]);
    },
  ),

  withTables(
    "an error in a pipeline skips everything up to Sync and undoes what came before",
    table,
    async (session) => {
      const answers = await exchange(
        session,
        ...run("INSERT INTO t VALUES (1, 'a')"),
        ...run("SELECT 1 / 0"),
        ...run("INSERT INTO t VALUES (2, 'b')"),
        sync(),
      );
      assert.deepEqual(typesOf(answers).slice(0, 3), noRow);
      assert.deepEqual(
        typesOf(answers).filter((type) => type === "ErrorResponse"),
        ["ErrorResponse"],
      );
      assert.deepEqual(typesOf(answers).slice(-2), ["ErrorResponse", "ReadyForQuery"]);
      assert.equal(statusOf(answers), "I");
      assert.deepEqual(await rowsOf(session, "SELECT count(*) FROM t"), ["0"]);
    },
  ),

  withTables(
    "each Sync ends a transaction: what follows an error in one is done in the next",
    table,
    async (session) => {
      session.connection.send(
        ...run("INSERT INTO t VALUES (1, 'a')"),
        sync(),
        ...run("INSERT INTO t VALUES (1, 'again')"),
        sync(),
        ...run("INSERT INTO t VALUES (2, 'b')"),
        sync(),
      );
      for (const expected of [undefined, "23505", undefined]) {
        const answers = await session.connection.nextUntil("ReadyForQuery");
        if (expected === undefined) assert.deepEqual(typesOf(answers), [...noRow, "ReadyForQuery"]);
        else assert.equal(errorOf(answers)["C"], expected);
      }
      assert.deepEqual(await rowsOf(session, "SELECT id FROM t ORDER BY id"), ["1", "2"]);
    },
  ),

  withTables("BEGIN, a write and COMMIT in one pipeline commit", table, async (session) => {
    const answers = await exchange(
      session,
      ...run("BEGIN"),
      ...run("INSERT INTO t VALUES (1, 'a')"),
      ...run("COMMIT"),
      sync(),
    );
    assert.deepEqual(typesOf(answers), [...noRow, ...noRow, ...noRow, "ReadyForQuery"]);
    assert.equal(statusOf(answers), "I");
    assert.deepEqual(await rowsOf(session, "SELECT name FROM t"), ["a"]);
  }),

  withTables("a failed block keeps status E over several Syncs until ROLLBACK", table, async (session) => {
    assert.equal(statusOf(await exchange(session, ...run("BEGIN"), sync())), "T");
    assert.equal(statusOf(await exchange(session, ...run("SELECT 1 / 0"), sync())), "E");
    const refused = await exchange(session, ...run("SELECT 1"), sync());
    assert.deepEqual([errorOf(refused)["C"], statusOf(refused)], ["25P02", "E"]);
    assert.equal(statusOf(await exchange(session, ...run("ROLLBACK"), sync())), "I");
  }),

  withTables("Describe of a statement answers its parameters and columns", table, async (session) => {
    const answers = await exchange(
      session,
      parse("SELECT id, name FROM t WHERE id = $1 AND name = $2", { name: "s" }),
      describeStatement("s"),
      sync(),
    );
    assert.deepEqual(typesOf(answers), [
      "ParseComplete",
      "ParameterDescription",
      "RowDescription",
      "ReadyForQuery",
    ]);
    assert.ok(answers[1]?.type === "ParameterDescription" && answers[2]?.type === "RowDescription");
    assert.deepEqual(answers[1].typeOids, [int4, text]);
    assert.deepEqual(
      answers[2].columns.map(({ name, typeOid }) => [name, typeOid]),
      [
        ["id", int4],
        ["name", text],
      ],
    );
  }),

  withTables("Describe of what returns no rows answers NoData", table, async (session) => {
    const answers = await exchange(
      session,
      parse("INSERT INTO t VALUES ($1, $2)"),
      describeStatement(),
      bind({ values: ["1", "a"] }),
      describePortal(),
      execute(),
      sync(),
    );
    assert.deepEqual(typesOf(answers), [
      "ParseComplete",
      "ParameterDescription",
      "NoData",
      "BindComplete",
      "NoData",
      "CommandComplete",
      "ReadyForQuery",
    ]);
  }),

  withSession("Describe of BEGIN and COMMIT answers NoData", async (session) => {
    for (const sql of ["BEGIN", "COMMIT"]) {
      const answers = await exchange(
        session,
        parse(sql),
        describeStatement(),
        bind(),
        describePortal(),
        execute(),
        sync(),
      );
      assert.deepEqual(
        typesOf(answers).filter((type) => type === "NoData"),
        ["NoData", "NoData"],
      );
      assert.ok(typesOf(answers).includes("CommandComplete"));
    }
  }),

  withSession("Describe of a portal tells the formats that were asked for", async (session) => {
    const answers = await exchange(
      session,
      parse("SELECT 1 AS a, 'x'::text AS b"),
      bind({ resultFormats: ["binary", "text"] }),
      describePortal(),
      execute(),
      sync(),
    );
    const description = answers.find((message) => message.type === "RowDescription");
    assert.deepEqual(
      description?.columns.map(({ format }) => format),
      [1, 0],
    );
  }),

  withSession("parameters and results travel in binary", async (session) => {
    const answers = await exchange(
      session,
      parse("SELECT $1 + 1, $2::bool, $3::uuid, $4::int8", { types: [int4] }),
      bind({
        values: [
          frontend.int32(41),
          Buffer.from([1]),
          Buffer.alloc(16, 0xab),
          Buffer.from("0000000000000102", "hex"),
        ],
        formats: ["binary"],
        resultFormats: ["binary"],
      }),
      execute(),
      sync(),
    );
    const row = answers.find((message) => message.type === "DataRow");
    assert.deepEqual(
      row?.values.map((value) => value?.toString("hex")),
      ["0000002a", "01", "ab".repeat(16), "0000000000000102"],
    );
  }),

  withSession("parameters in text and in binary may be mixed, and NULL has no format", async (session) => {
    const answers = await exchange(
      session,
      parse("SELECT $1::int4, $2::text, $3::int4"),
      bind({ values: [frontend.int32(7), "seven", null], formats: ["binary", "text", "binary"] }),
      execute(),
      sync(),
    );
    assert.deepEqual(rowsIn(answers), ["7,seven,null"]);
  }),

  withSession("a value of one megabyte passes in and out", async (session) => {
    const value = "x".repeat(1024 * 1024);
    const { rows } = await session.execute("SELECT length($1::text), $1::text", { values: [value] });
    assert.deepEqual([rows[0]?.[0], rows[0]?.[1] === value], [String(value.length), true]);
  }),

  withSession("too few values for a statement's parameters are 08P01", async (session) => {
    const answers = await exchange(
      session,
      parse("SELECT $1::int, $2::int"),
      bind({ values: ["1"] }),
      execute(),
      sync(),
    );
    assert.equal(errorOf(answers)["C"], "08P01");
    assert.deepEqual(await rowsOf(session, "SELECT 1"), ["1"]);
  }),

  withSession("a portal with a row limit is suspended and goes on where it stopped", async (session) => {
    const answers = await exchange(
      session,
      parse("SELECT n FROM generate_series(1, 5) AS n"),
      bind(),
      execute("", 2),
      execute("", 2),
      execute(),
      sync(),
    );
    assert.deepEqual(typesOf(answers).slice(2), [
      ...["DataRow", "DataRow", "PortalSuspended"],
      ...["DataRow", "DataRow", "PortalSuspended"],
      ...["DataRow", "CommandComplete", "ReadyForQuery"],
    ]);
    assert.deepEqual(rowsIn(answers), ["1", "2", "3", "4", "5"]);
  }),

  withTables(
    "within a block a named portal outlives Sync, and two portals run side by side",
    table,
    async (session) => {
      await session.query("BEGIN");
      const opened = await exchange(
        session,
        parse("SELECT n FROM generate_series(1, 3) AS n"),
        bind({ portal: "first" }),
        bind({ portal: "second" }),
        execute("first", 1),
        execute("second", 2),
        sync(),
      );
      assert.deepEqual(rowsIn(opened), ["1", "1", "2"]);
      assert.deepEqual(rowsIn(await exchange(session, execute("first"), execute("second"), sync())), [
        "2",
        "3",
        "3",
      ]);
      assert.equal((await session.query("COMMIT")).tag, "COMMIT");
    },
  ),

  withSession("a portal ends with its transaction: 34000", async (session) => {
    await exchange(
      session,
      parse("SELECT n FROM generate_series(1, 3) AS n"),
      bind({ portal: "p" }),
      execute("p", 1),
      sync(),
    );
    assert.equal(errorOf(await exchange(session, execute("p"), sync()))["C"], "34000");
  }),

  withTables("a named statement serves one transaction after the other", table, async (session) => {
    await exchange(session, parse("INSERT INTO t VALUES ($1, 'x')", { name: "add" }), sync());
    for (let id = 1; id <= 20; id += 1) {
      const answers = await exchange(
        session,
        bind({ statement: "add", values: [String(id)] }),
        execute(),
        sync(),
      );
      assert.deepEqual(typesOf(answers), ["BindComplete", "CommandComplete", "ReadyForQuery"]);
    }
    await session.query("BEGIN");
    await exchange(session, bind({ statement: "add", values: ["21"] }), execute(), sync());
    await session.query("ROLLBACK");
    await exchange(session, bind({ statement: "add", values: ["22"] }), execute(), sync());
    assert.deepEqual(await rowsOf(session, "SELECT count(*), max(id) FROM t"), ["21,22"]);
  }),

  withTables(
    "a statement prepared in a transaction that rolls back stays prepared",
    table,
    async (session) => {
      await session.query("BEGIN");
      await exchange(session, parse("SELECT 7", { name: "seven" }), sync());
      await session.query("ROLLBACK");
      assert.deepEqual(rowsIn(await exchange(session, bind({ statement: "seven" }), execute(), sync())), [
        "7",
      ]);
    },
  ),

  withSession("sessions do not see each other's prepared statements", async (session, target) => {
    await exchange(session, parse("SELECT 1", { name: "mine" }), sync());
    const other = await Session.open(target);
    const answers = await exchange(other, bind({ statement: "mine" }), execute(), sync());
    other.connection.destroy();
    assert.equal(errorOf(answers)["C"], "26000");
  }),

  withSession("a statement's name is taken once (42P05), the unnamed one is replaced", async (session) => {
    const answers = await exchange(
      session,
      parse("SELECT 1", { name: "s" }),
      parse("SELECT 2", { name: "s" }),
      sync(),
    );
    assert.equal(errorOf(answers)["C"], "42P05");
    const replaced = await exchange(session, parse("SELECT 1"), parse("SELECT 2"), bind(), execute(), sync());
    assert.deepEqual(rowsIn(replaced), ["2"]);
  }),

  withSession("Close frees a statement's name; Close of an unknown name succeeds", async (session) => {
    const answers = await exchange(
      session,
      parse("SELECT 1", { name: "s" }),
      closeStatement("s"),
      parse("SELECT 2", { name: "s" }),
      closePortal("none"),
      closeStatement("none"),
      sync(),
    );
    assert.deepEqual(typesOf(answers), [
      ...[
        "ParseComplete",
        "CloseComplete",
        "ParseComplete",
        "CloseComplete",
        "CloseComplete",
        "ReadyForQuery",
      ],
    ]);
    await exchange(session, closeStatement("s"), sync());
    assert.equal(errorOf(await exchange(session, bind({ statement: "s" }), sync()))["C"], "26000");
  }),

  withSession("Flush brings the answers without ending the transaction", async (session) => {
    session.connection.send(parse("SELECT 1"), flush());
    assert.equal((await session.connection.next()).type, "ParseComplete");
    session.connection.send(bind(), describePortal(), flush());
    assert.equal((await session.connection.next()).type, "BindComplete");
    assert.equal((await session.connection.next()).type, "RowDescription");
    session.connection.send(execute(), flush());
    assert.equal((await session.connection.next()).type, "DataRow");
    assert.equal((await session.connection.next()).type, "CommandComplete");
    assert.ok(await session.connection.staysSilent(100));
    assert.deepEqual(typesOf(await exchange(session, sync())), ["ReadyForQuery"]);
  }),

  withSession("Sync alone answers ReadyForQuery, each time", async (session) => {
    for (let count = 0; count < 3; count += 1) {
      assert.deepEqual(typesOf(await exchange(session, sync())), ["ReadyForQuery"]);
    }
  }),

  withSession("an empty statement answers EmptyQueryResponse", async (session) => {
    assert.deepEqual(typesOf(await exchange(session, frontend.query(""))), [
      "EmptyQueryResponse",
      "ReadyForQuery",
    ]);
    assert.deepEqual(typesOf(await exchange(session, frontend.query(" -- nothing\n"))), [
      "EmptyQueryResponse",
      "ReadyForQuery",
    ]);
    assert.deepEqual(
      typesOf(await exchange(session, parse(""), bind(), describePortal(), execute(), sync())),
      [...["ParseComplete", "BindComplete", "NoData", "EmptyQueryResponse", "ReadyForQuery"]],
    );
  }),

  withSession("several commands in one Parse are 42601", async (session) => {
    const answers = await exchange(session, parse("SELECT 1; SELECT 2"), sync());
    assert.equal(errorOf(answers)["C"], "42601");
    assert.equal(errorOf(answers)["M"], "cannot insert multiple commands into a prepared statement");
  }),

  withSession("a simple query between pipelines does not disturb named statements", async (session) => {
    await exchange(session, parse("SELECT $1::int * 2", { name: "double" }), sync());
    assert.deepEqual(await rowsOf(session, "SELECT 'between'"), ["between"]);
    const answers = await exchange(session, bind({ statement: "double", values: ["21"] }), execute(), sync());
    assert.deepEqual(rowsIn(answers), ["42"]);
  }),

  withSession("a long pipeline is answered whole", async (session) => {
    const count = 500;
    const pipeline = Array.from({ length: count }, (_, n) => run(`SELECT ${n}`)).flat();
    const answers = await exchange(session, ...pipeline, sync());
    assert.deepEqual(
      rowsIn(answers),
      Array.from({ length: count }, (_, n) => String(n)),
    );
  }),

  withSession("a result of 100,000 rows arrives whole", async (session) => {
    const { rows, tag } = await session.query(
      "SELECT n, repeat('x', 100) FROM generate_series(1, 100000) AS n",
      60_000,
    );
    assert.deepEqual([rows.length, tag, rows.at(-1)?.[0]], [100_000, "SELECT 100000", "100000"]);
  }),
];
