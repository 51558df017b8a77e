import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import type { Pool } from "pg";
import { createLeaseTable, Lease } from "../src/migrate/lease.ts";
import { type Fixture, startFixture } from "./fixture.ts";

describe("the lease of migrations", () => {
  let fixture: Fixture;
  let pool: Pool;
  before(async () => {
    fixture = await startFixture();
    pool = fixture.pool();
    await createLeaseTable(pool, "public");
    await pool.query("CREATE TABLE note (id int PRIMARY KEY)");
  });
  after(() => fixture.stop());

  const options = { schema: "public", waitMs: 0 };

  test("is held by one at a time, and free at once when it is released", async () => {
    const first = await Lease.take(pool, options);
    await assert.rejects(Lease.take(pool, options), {
      reason: "lease",
      message: /another run is under way: .* process/,
    });
    await first.release();
    await (await Lease.take(pool, options)).release();
  });

  test("of several who reach for it in one moment, one gets it", async () => {
    const taken = await Promise.allSettled(Array.from({ length: 5 }, () => Lease.take(pool, options)));
    const leases = taken.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    assert.equal(leases.length, 1);
    await leases[0]?.release();
  });

  test("stays with a holder that lives, past the time for which it was taken", async () => {
    const lease = await Lease.take(pool, { ...options, durationMs: 5_000 });
    const { rows } = await pool.query<{ expires_at: Date }>("SELECT expires_at FROM dsql_migration_lease");
    const isOver = "SELECT FROM (SELECT clock_timestamp() AS now) AS clock WHERE now > $1";
    while ((await pool.query(isOver, [rows[0]?.expires_at])).rowCount === 0) await sleep(100);
    lease.check();
    await assert.rejects(Lease.take(pool, options), { reason: "lease" });
    await lease.release();
  });

  test("is waited for until the time of a holder that died is over", async () => {
    const dead = await Lease.take(pool, options);
    // Nobody renews under this fence.
    await pool.query(
      "UPDATE dsql_migration_lease SET fence = fence + 1, expires_at = now() + interval '2 seconds'",
    );
    await (await Lease.take(pool, { ...options, waitMs: 60_000 })).release();
    await dead.release();
  });

  test("a holder whose lease was taken over can commit nothing more", async () => {
    const slept = await Lease.take(pool, options);
    // As if its time had run out while its process was stopped.
    await pool.query("UPDATE dsql_migration_lease SET expires_at = now() - interval '1 second'");
    const next = await Lease.take(pool, options);
    const write = slept.transaction((tx) => tx.query("INSERT INTO note VALUES (1)"));
    await assert.rejects(write, { reason: "lease", message: /taken over/ });
    await next.transaction((tx) => tx.query("INSERT INTO note VALUES (2)"));
    await slept.release();
    await assert.rejects(
      Lease.take(pool, options),
      { reason: "lease" },
      "the release of the first ends nothing",
    );
    await next.release();
    assert.deepEqual((await pool.query<object>("SELECT id FROM note")).rows, [{ id: 2 }]);
  });

  test("waiting for it ends when it is asked to", async () => {
    const lease = await Lease.take(pool, options);
    const controller = new AbortController();
    const waiting = Lease.take(pool, {
      ...{ schema: "public", waitMs: 60_000, signal: controller.signal },
      onWait: () => controller.abort(),
    });
    await assert.rejects(waiting, { reason: "interrupted" });
    await lease.release();
  });
});
