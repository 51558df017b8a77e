/** What a backend holds, shows and repeats: each session meets its own. All sessions take turns on one backend. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import { type RunningCluster, runCluster, within } from "./running-cluster.ts";

let running: RunningCluster;
let ana: pg.Client;
let ben: pg.Client;

before(async () => {
  running = await runCluster({ livelyBackendsMax: 1 });
  ana = await running.connect();
  ben = await running.connect();
});

after(async () => {
  await running.stop();
});

async function rows(client: pg.Client, text: string): Promise<unknown[][]> {
  return (await client.query<unknown[]>({ text, rowMode: "array" })).rows;
}

async function value(client: pg.Client, text: string): Promise<unknown> {
  return (await rows(client, text))[0]?.[0];
}

test("setseed() is heard by its own session, block or none, and by nobody else", async () => {
  const draw = "SELECT random()::text || ' ' || random()::text";
  const seeded = await running.connect();
  await seeded.query("SELECT setseed(0.5)");
  const expected = [await value(seeded, draw), await value(seeded, draw)];
  for (let round = 0; round < 2; round++) {
    await seeded.query("SELECT setseed(0.5)");
    const others = [await value(ben, draw), await value(ana, draw)];
    assert.equal(await value(seeded, draw), expected[0]);
    others.push(await value(ben, draw));
    await seeded.query("BEGIN");
    assert.equal(await value(seeded, draw), expected[1]);
    await seeded.query("ROLLBACK");
    assert.equal(
      others.some((drawn) => expected.includes(drawn)),
      false,
    );
  }
  await seeded.end();
  await within("its backend is closed with it", async () => {
    while ((await running.backends()).length > 1) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});

test("pg_prepared_statements has the session's own, as PostgreSQL tells of them", async () => {
  for (let round = 0; round < 3; round++) await ben.query("SELECT 'of ben' || $1", [round]); // Kept by the backend.
  await ben.query({ name: "of ben", text: "SELECT $1::int", values: [1] });
  await ana.query({ name: "sum", text: "SELECT $1::int + $2::bigint AS sum", values: [1, 2] });
  await ana.query({ name: "note", text: "SELECT 'it''s \\ a ' || $1::text", values: ["note"] });
  const text =
    "SELECT name, statement, parameter_types::text, result_types::text, from_sql, prepare_time > now() - interval '1 hour' FROM ";
  for (const place of ["pg_prepared_statements", "pg_prepared_statement()"])
    assert.deepEqual(await rows(ana, `${text} ${place} ORDER BY name DESC`), [
      ["sum", "SELECT $1::int + $2::bigint AS sum", "{integer,bigint}", "{bigint}", false, true],
      ["note", "SELECT 'it''s \\ a ' || $1::text", "{text}", "{text}", false, true],
    ]);
  await ana.query("BEGIN");
  assert.equal(await value(ana, "SELECT count(*)::int FROM pg_prepared_statements"), 2);
  await ana.query("COMMIT");
  assert.deepEqual(await rows(ben, "SELECT name FROM pg_prepared_statements"), [["of ben"]]);
  await ana.query("DEALLOCATE ALL");
  assert.deepEqual(await rows(ana, "SELECT name FROM pg_prepared_statements"), []);
});

test("pg_cursors has the session's own portals", async () => {
  assert.deepEqual(await rows(ben, "SELECT name FROM pg_cursors"), []);
  const { rows: own } = await ana.query<{ statement: string }>("SELECT * FROM pg_cursors WHERE $1", [true]);
  assert.deepEqual(
    own.map(({ statement }) => statement),
    ["SELECT * FROM pg_cursors WHERE $1"],
  );
});

test("a session sees no process but its own, whichever way it asks", async () => {
  await ben.query("BEGIN");
  await ben.query("SELECT 'a secret of ben'");
  for (const text of [
    "SELECT count(DISTINCT pid)::int FROM pg_stat_get_activity(NULL)",
    "SELECT count(DISTINCT pid)::int FROM pg_stat_activity",
    "SELECT count(*)::int FROM (SELECT DISTINCT (pg_stat_get_activity(NULL)).pid) AS own",
    "SELECT count(DISTINCT pid)::int FROM pg_lock_status()",
    "SELECT count(DISTINCT pid)::int FROM pg_locks",
  ])
    assert.equal(await value(ana, text), 1, text);
  assert.equal(await value(ana, "SELECT count(*)::int FROM pg_stat_get_progress_info('CREATE INDEX')"), 0);
  assert.equal(await value(ana, "SELECT count(ident)::int FROM pg_get_backend_memory_contexts()"), 0);
  assert.equal(await value(ana, "SELECT count(ident)::int FROM pg_backend_memory_contexts"), 0);
  assert.equal(await value(ana, "SELECT count(*) > 0 FROM pg_backend_memory_contexts"), true);
  for (const call of [
    "pg_stat_get_backend_activity(1)",
    "pg_stat_get_backend_idset()",
    "pg_blocking_pids(1)",
  ])
    await assert.rejects(ana.query(`SELECT ${call}`), { code: "42501" }, call);
  await ana.query("SET search_path TO pg_dsql, public");
  for (const name of [
    "pg_stat_get_activity(NULL)",
    "pg_lock_status()",
    "pg_prepared_statement()",
    "pg_cursor()",
  ])
    await assert.rejects(ana.query(`SELECT original_${name}`), { code: "42501" }, name);
  await ana.query("RESET search_path");
  await ben.query("ROLLBACK");
});

test("nothing that outlives a transaction or reaches another process is left to clients", async () => {
  const found = await running.storage(`
    SELECT DISTINCT proname FROM pg_proc AS p
    WHERE (provolatile = 'v' OR proparallel <> 's') AND pronamespace = 'pg_catalog'::regnamespace
      AND has_function_privilege('admin', p.oid, 'execute')
      AND prorettype <> ALL ('{trigger,event_trigger,internal,language_handler}'::regtype[])
      AND NOT 'internal'::regtype = ANY (proargtypes::oid[])
    ORDER BY proname`);
  const names = (found as { proname: string }[]).map(({ proname }) => proname);
  assert.deepEqual(
    names.filter((name) => !reviewed.some((pattern) => pattern.test(name))),
    [],
    "a function that clients may call is on no list: see docs/session-state.md",
  );
});

/** Each was looked at: it leaves nothing in a backend, or what it leaves follows its session. */
const reviewed = [
  // Time, chance, waiting, the session itself.
  /^(clock_timestamp|timeofday|gen_random_uuid|random|random_normal|setseed|pg_sleep(_for|_until)?|current_query)$/,
  /^(array_sample|array_shuffle|session_user|current_schemas?|age|inet_(client|server)_(addr|port)|pg_backend_pid)$/,
  // Followed: settings, sequences, statements, cursors, processes.
  /^(set_config|currval|nextval|setval|pg_sequence_last_value|pg_prepared_statement|pg_cursor)$/,
  /^(pg_stat_get_activity|pg_stat_get_progress_info|pg_lock_status|pg_get_backend_memory_contexts)$/,
  // Transactions, snapshots, the server's state: the same to every session, or of the open transaction.
  /^(txid_|pg_current_xact_id|pg_xact_|pg_last_committed_xact|pg_get_multixact_members|pg_trigger_depth|pg_prepared_xact$)/,
  /^pg_(is_in_recovery|is_wal_replay_paused|get_wal_|last_(wal|xact)_|current_wal_|control_|conf_load_time|jit_available)/,
  /^pg_(collation|database_collation)_actual_version$/,
  /^pg_(relation|table|indexes|total_relation|database|tablespace)_size$|^pg_partition_(tree|ancestors)$/,
  /^pg_get_shmem_allocations$|^currtid2$|^amvalidate$|^pg_my_temp_schema$/,
  // Statistics of tables, functions and the database are everybody's; a transaction's own snapshot of them ends with it.
  /^pg_stat_get_|^pg_stat_(clear_snapshot|force_next_flush)$/,
  // Nobody can listen.
  /^pg_(listening_channels|notification_queue_usage)$/,
  // For the superuser, for roles of replication, or in the course of pg_upgrade and CREATE EXTENSION only: each says so itself.
  /^binary_upgrade_|^pg_(create|copy|drop)_(logical_|physical_)?replication_slot$|^pg_(logical_slot_|replication_slot_advance)/,
  /^pg_(logical_emit_message|extension_config_dump|import_system_collations|nextoid|read_file_old|rotate_logfile_old)$/,
  /^plpgsql_validator$|^pg_stop_making_pinned_objects$|^pg_event_trigger_|^(brin|gin)_/,
];

test("BEGIN … DEFERRABLE is shown, and READ ONLY beside it holds", async () => {
  for (const [begin, shown] of [
    ["BEGIN READ ONLY, DEFERRABLE", "on"],
    ["START TRANSACTION DEFERRABLE", "on"],
    ["BEGIN READ ONLY", "off"],
    ["BEGIN NOT DEFERRABLE", "off"],
  ] as const) {
    await ana.query(begin);
    assert.equal(await value(ana, "SHOW transaction_deferrable"), shown, begin);
    assert.equal(
      await value(ana, "SHOW transaction_read_only"),
      begin.includes("READ ONLY") ? "on" : "off",
      begin,
    );
    await ana.query("COMMIT");
    assert.equal(await value(ben, "SHOW transaction_deferrable"), "off");
  }
  await ana.query("BEGIN");
  await ana.query("SELECT 1");
  await assert.rejects(ana.query("BEGIN DEFERRABLE"), { code: "25001" });
  await ana.query("ROLLBACK");
});
