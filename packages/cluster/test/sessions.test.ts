/** Sessions share backends: what belongs to one must follow it and never show in another. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import {
  decodeParameterStatus,
  encodeBindArguments,
  encodeFrontend,
  noBindArguments,
} from "../src/wire/index.ts";
import { cancelRequest, type Message, type RunningCluster, runCluster } from "./running-cluster.ts";

let running: RunningCluster;

before(async () => {
  running = await runCluster({ livelyBackendsMax: 2 });
});
after(() => running.stop());

async function value(client: pg.Client, text: string, values: unknown[] = []): Promise<unknown> {
  const { rows } = await client.query<unknown[]>({ text, values, rowMode: "array" });
  return rows[0]?.[0];
}

function reported(messages: readonly Message[]): string[] {
  return messages
    .filter(({ type }) => type === "S")
    .map(({ frame }) => {
      const { name, value: text } = decodeParameterStatus(frame);
      return `${name}=${text}`;
    });
}

test("settings follow twelve sessions over two backends and never mix", async () => {
  const sessions = await Promise.all(
    Array.from({ length: 12 }, (_, number) => running.connect({ application_name: `session ${number}` })),
  );
  await Promise.all(sessions.map((session, number) => session.query(`SET search_path TO s${number}`)));
  for (let round = 0; round < 10; round++) {
    const seen = await Promise.all(
      sessions.map(async (session) => [
        await value(session, "SHOW search_path"),
        await value(session, "SELECT current_setting('application_name')"),
      ]),
    );
    assert.deepEqual(
      seen,
      sessions.map((_, number) => [`s${number}`, `session ${number}`]),
    );
  }
  assert.ok((await running.backends()).length <= 12);
});

test("prepared statements of the same name are each session's own, on whatever backend", async () => {
  const sessions = await Promise.all(Array.from({ length: 6 }, () => running.connect()));
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all(
      sessions.map((session, number) =>
        session.query<unknown[]>({
          name: "same",
          text: `SELECT $1::int + ${number}`,
          values: [100],
          rowMode: "array",
        }),
      ),
    );
    assert.deepEqual(
      answers.map(({ rows }) => rows[0]?.[0]),
      sessions.map((_, number) => 100 + number),
    );
  }
});

test("temporary state of one session is not seen by another", async () => {
  const ana = await running.connect();
  const ben = await running.connect();
  await ana.query("SELECT set_config('application_name', 'secret', false)");
  assert.equal(await value(ana, "SHOW application_name"), "secret");
  for (let round = 0; round < 4; round++) assert.equal(await value(ben, "SHOW application_name"), "");
  assert.equal(await value(ana, "SHOW application_name"), "secret");
});

test("set_config() in a block holds until a ROLLBACK, and local ones until the end", async () => {
  const ana = await running.connect();
  await ana.query("BEGIN");
  await ana.query("SELECT set_config('datestyle', 'German', false)");
  assert.equal(await value(ana, "SHOW datestyle"), "German, DMY");
  await ana.query("ROLLBACK");
  assert.equal(await value(ana, "SHOW datestyle"), "ISO, MDY");
  await ana.query("BEGIN");
  await ana.query(
    "SELECT set_config('datestyle', 'German', true), set_config('timezone', 'Asia/Tokyo', false)",
  );
  await ana.query("COMMIT");
  assert.deepEqual(
    [await value(ana, "SHOW datestyle"), await value(ana, "SHOW timezone")],
    ["ISO, MDY", "Asia/Tokyo"],
  );
  const ben = await running.connect();
  assert.equal(await value(ben, "SHOW timezone"), "UTC");
});

test("SET in a block holds after COMMIT and is gone after ROLLBACK or a failure", async () => {
  const ana = await running.connect();
  await ana.query("BEGIN");
  await ana.query("SET timezone TO 'Europe/Paris'");
  await ana.query("COMMIT");
  assert.equal(await value(ana, "SHOW timezone"), "Europe/Paris");
  await ana.query("BEGIN");
  await ana.query("SET timezone TO 'Asia/Tokyo'");
  assert.equal(await value(ana, "SHOW timezone"), "Asia/Tokyo");
  await ana.query("ROLLBACK");
  assert.equal(await value(ana, "SHOW timezone"), "Europe/Paris");
  await ana.query("BEGIN");
  await ana.query("SET timezone TO 'Asia/Tokyo'");
  await assert.rejects(ana.query("SELECT 1 / 0"), { code: "22012" });
  assert.equal((await ana.query("COMMIT")).command, "ROLLBACK");
  assert.equal(await value(ana, "SHOW timezone"), "Europe/Paris");
});

test("SET LOCAL ends with its block", async () => {
  const ana = await running.connect();
  await ana.query("BEGIN");
  await ana.query("SET LOCAL timezone TO 'Asia/Tokyo'");
  assert.equal(await value(ana, "SHOW timezone"), "Asia/Tokyo");
  await ana.query("COMMIT");
  assert.equal(await value(ana, "SHOW timezone"), "UTC");
});

test("a SET in one message with a statement that fails is taken back", async () => {
  const ana = await running.connect();
  await assert.rejects(ana.query("SET timezone TO 'Asia/Tokyo'; SELECT 1 / 0"), { code: "22012" });
  assert.equal(await value(ana, "SHOW timezone"), "UTC");
});

test("RESET goes back to what the session was opened with", async () => {
  const ana = await running.connect({ application_name: "mine", options: "-c timezone=Europe/Paris" });
  for (const reset of ["RESET ALL", "RESET timezone", "SET timezone TO DEFAULT"]) {
    await ana.query("SET timezone TO 'Asia/Tokyo'");
    assert.equal((await ana.query(reset)).command, reset.startsWith("RESET") ? "RESET" : "SET");
    assert.equal(await value(ana, "SHOW timezone"), "Europe/Paris", reset);
    assert.equal(await value(ana, "SHOW application_name"), "mine", reset);
  }
  await ana.query("BEGIN");
  await ana.query("SET timezone TO 'Asia/Tokyo'");
  await ana.query("RESET ALL");
  assert.equal(await value(ana, "SHOW timezone"), "Europe/Paris");
  await ana.query("COMMIT");
  const ben = await running.connect();
  assert.equal(await value(ben, "SHOW timezone"), "UTC");
});

test("the client hears of settings when they change and when they are taken back", async () => {
  const raw = await running.raw();
  assert.deepEqual(reported(await raw.query("SET timezone TO 'Asia/Tokyo'")), ["TimeZone=Asia/Tokyo"]);
  await raw.query("BEGIN");
  assert.deepEqual(reported(await raw.query("SET timezone TO 'Europe/Paris'")), ["TimeZone=Europe/Paris"]);
  assert.deepEqual(reported(await raw.query("ROLLBACK")), ["TimeZone=Asia/Tokyo"]);
  assert.deepEqual(reported(await raw.query("SELECT 1")), []);
  assert.deepEqual(reported(await raw.query("RESET ALL")), ["TimeZone=UTC"]);
});

test("settings that a connection asks for are reported as PostgreSQL understands them", async () => {
  const raw = await running.raw({ options: "-c datestyle=german -c application_name=mine", TimeZone: "utc" });
  assert.deepEqual(
    reported(raw.greeting).filter((one) => /^(?:DateStyle|TimeZone|application_name)=/.test(one)),
    ["application_name=mine", "DateStyle=German, DMY", "TimeZone=UTC"],
  );
});

test("a connection with a setting that PostgreSQL refuses is refused each time", async () => {
  for (let attempt = 0; attempt < 3; attempt++) {
    await assert.rejects(running.connect({ options: "-c timezone=Nowhere/Land" }), { code: "22023" });
  }
  await assert.rejects(running.connect({ options: "-c statement_timeout=5" }), { code: "0A000" });
});

test("one text means each session's own tables under its search path", async () => {
  const ana = await running.connect();
  const ben = await running.connect();
  await ana.query("CREATE SCHEMA ana");
  await ana.query("CREATE SCHEMA ben");
  await ana.query("CREATE TABLE ana.pet (cat int)");
  await ana.query("CREATE TABLE ben.pet (dog text, age int)");
  await ana.query("SET search_path TO ana");
  await ben.query("SET search_path TO ben");
  for (let round = 0; round < 5; round++) {
    for (const [session, columns] of [
      [ana, ["cat"]],
      [ben, ["dog", "age"]],
    ] as const) {
      const simple = await session.query("SELECT * FROM pet");
      const extended = await session.query("SELECT * FROM pet WHERE $1", [true]);
      assert.deepEqual(
        [simple, extended].map(({ fields }) => fields.map(({ name }) => name)),
        [columns, columns],
      );
    }
  }
  await ana.query("BEGIN");
  await ana.query("SET LOCAL search_path TO ben");
  await ana.query("INSERT INTO pet VALUES ('Rex', 3)");
  assert.equal(await value(ana, "SELECT dog FROM pet"), "Rex");
  await ana.query("COMMIT");
  assert.equal(await value(ana, "SELECT count(*) FROM pet"), "0");
});

test("a block sees its own catalog change in statements that it has run before", async () => {
  const ana = await running.connect();
  await ana.query("CREATE TABLE grows (a int)");
  for (let round = 0; round < 3; round++) await ana.query("SELECT * FROM grows");
  await ana.query("BEGIN");
  await ana.query("SELECT * FROM grows");
  await ana.query("ALTER TABLE grows ADD COLUMN b int");
  assert.equal((await ana.query("SELECT * FROM grows")).fields.length, 2);
  await ana.query("ROLLBACK");
});

test("DEALLOCATE ALL forgets the session's statements and no other's", async () => {
  const ana = await running.raw();
  const ben = await running.raw();
  for (const raw of [ana, ben]) {
    raw.send(encodeFrontend.parse("s", "SELECT 1", []), encodeFrontend.sync());
    assert.equal(await raw.shape(), "1 Z");
  }
  await ana.query("DEALLOCATE ALL");
  for (const raw of [ana, ben]) {
    raw.send(
      encodeFrontend.bind("", "s", noBindArguments),
      encodeFrontend.execute("", 0),
      encodeFrontend.sync(),
    );
  }
  assert.equal(await ana.shape(), "E26000 Z");
  assert.equal(await ben.shape(), "2 D C Z");
});

test("a role of its own has backends of its own", async () => {
  const admin = await running.connect();
  await admin.query("CREATE ROLE reader LOGIN");
  await admin.query(`AWS IAM GRANT reader TO 'arn:aws:iam::${running.cluster.account}:user/local-admin'`);
  const reader = await running.connect({ user: "reader" });
  for (let round = 0; round < 4; round++) {
    assert.deepEqual(
      await Promise.all([value(admin, "SELECT current_user"), value(reader, "SELECT current_user")]),
      ["admin", "reader"],
    );
  }
  await assert.rejects(reader.query("CREATE TABLE public.x (a int)"), { code: "42501" });
});

test("a cancel request never hits another session's statement on the same backend", async () => {
  const ana = await running.raw();
  const ben = await running.connect();
  for (let round = 0; round < 60; round++) {
    ana.send(encodeFrontend.query(round % 2 === 0 ? "SELECT pg_sleep(0.002)" : "SELECT 1"));
    const cancelled = cancelRequest(running.cluster, ana.key);
    await ana.until("Z");
    await Promise.all([value(ben, "SELECT count(*) FROM generate_series(1, 20000)"), cancelled]);
  }
});

test("parameters in both formats reach the statement", async () => {
  const raw = await running.raw();
  const four = Buffer.from([0, 0, 0, 4]);
  raw.send(
    encodeFrontend.parse("", "SELECT $1::int + $2::int", [23, 23]),
    encodeFrontend.bind("", "", encodeBindArguments([1, 0], [four, "3"], [1])),
    encodeFrontend.execute("", 0),
    encodeFrontend.sync(),
  );
  const messages = await raw.until("Z");
  assert.deepEqual(messages.find(({ type }) => type === "D")?.frame.subarray(-4), Buffer.from([0, 0, 0, 7]));
});

// node-postgres sends it as a parameter of the connection; the service takes no such setting.
test("a connection that is refused for a parameter hears which, and what to do", async () => {
  await assert.rejects(running.connect({ statement_timeout: 5_000 }), {
    code: "0A000",
    severity: "FATAL",
    message: 'setting configuration parameter "statement_timeout" not supported',
    hint: "Leave it out of the connection's parameters, or turn it off in the tool that sends it.",
  });
});
