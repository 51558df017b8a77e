/** The pool of backends on real storage: how many are lively, whose turn it is, what is refused, what is dropped. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { silentLog, systemClock } from "../src/base/index.ts";
import { systemRole } from "../src/storage/system-schema/index.ts";
import { Backend } from "../src/backend/backend.ts";
import { BackendPool, type Lease } from "../src/backend/backend-pool.ts";
import { request, requestSimple } from "../src/backend/request.ts";
import { type RunningCluster, runCluster, within } from "./running-cluster.ts";
import { eventually } from "./storage-helper.ts";

let running: RunningCluster;
const pools: BackendPool[] = [];

before(async () => {
  running = await runCluster();
});
after(async () => {
  for (const pool of pools) pool.close();
  await running.stop();
});

function poolOf(bounds: { livelyMax: number; backendsMax?: number }): BackendPool {
  const pool = new BackendPool({
    connect: (user) => Backend.connect({ address: running.cluster.storageAddress, user }),
    clock: systemClock,
    log: silentLog,
    ...bounds,
  });
  pools.push(pool);
  return pool;
}

/** Whether a lease comes within the time that silent leases need to make room. */
async function comes(lease: Promise<Lease>): Promise<Lease> {
  return await within("a lease comes", () => lease);
}

test("a lease that comes back is lent again, with its backend", async () => {
  const pool = poolOf({ livelyMax: 2 });
  const first = await comes(pool.acquire("admin"));
  const { processId } = first.backend;
  first.release();
  first.release(); // Giving back twice counts once.
  const second = await comes(pool.acquire("admin"));
  assert.equal(second.backend.processId, processId);
  second.release();
  assert.deepEqual(pool.size, { backends: 1, leased: 0, waiting: 0 });
});

test("waiters are served in their order, as leases come back", async () => {
  const pool = poolOf({ livelyMax: 1 });
  const held = await comes(pool.acquire("admin"));
  const order: number[] = [];
  const waiting = [1, 2, 3].map(async (number) => {
    const lease = await pool.acquire("admin");
    order.push(number);
    lease.release();
  });
  assert.equal(pool.size.waiting, 3);
  held.release();
  await within("all are served", () => Promise.all(waiting));
  assert.deepEqual(order, [1, 2, 3]);
  assert.deepEqual(pool.size, { backends: 1, leased: 0, waiting: 0 });
});

test("leases whose clients think make room, up to the bound of backends", async () => {
  const pool = poolOf({ livelyMax: 1, backendsMax: 3 });
  const open: Lease[] = [];
  for (let number = 0; number < 3; number++) {
    const lease = await comes(pool.acquire("admin"));
    lease.idle();
    open.push(lease);
  }
  await assert.rejects(
    within("the answer comes", () => pool.acquire("admin")),
    { sqlstate: "53300" },
  );
  assert.deepEqual(pool.size, { backends: 3, leased: 3, waiting: 0 });
  open[1]?.release();
  const next = await comes(pool.acquire("admin"));
  next.release();
  // One that wakes up does not wait.
  open[0]?.busy();
  open[0]?.release();
  open[2]?.release();
  assert.equal(pool.size.leased, 0);
  const again = await comes(pool.acquire("admin"));
  again.release();
});

test("at the bound of backends a waiter is not refused while one of them is at work", async () => {
  const pool = poolOf({ livelyMax: 4, backendsMax: 1 });
  const held = await comes(pool.acquire("admin"));
  held.busy();
  const waiting = pool.acquire("admin");
  assert.equal(pool.size.waiting, 1);
  held.release();
  (await comes(waiting)).release();
});

test("an unused backend of another role makes room at the bound", async () => {
  const pool = poolOf({ livelyMax: 4, backendsMax: 1 });
  (await comes(pool.acquire("admin"))).release();
  const other = await comes(pool.acquire(systemRole));
  assert.equal(other.backend.role, systemRole);
  other.release();
  assert.equal(pool.size.backends, 1);
});

test("a backend that is lost, broken or about to be cancelled is not lent again", async () => {
  const pool = poolOf({ livelyMax: 4 });
  const seen = new Set<number>();
  const spoil: ((lease: Lease) => void)[] = [
    (lease) => {
      lease.release("broken");
    },
    (lease) => {
      void lease.backend.cancel();
      lease.release();
    },
    (lease) => {
      lease.backend.close();
      lease.release();
    },
  ];
  for (const one of spoil) {
    const lease = await comes(pool.acquire("admin"));
    assert.equal(seen.has(lease.backend.processId), false);
    seen.add(lease.backend.processId);
    one(lease);
  }
  await eventually("the pool counts what is left", () => pool.size.backends <= 1 && pool.size.leased === 0);
  (await comes(pool.acquire("admin"))).release();
});

test("a backend that ends while it is lent or unused is counted out once", async () => {
  const pool = poolOf({ livelyMax: 4 });
  const [lent, unused] = await Promise.all([comes(pool.acquire("admin")), comes(pool.acquire("admin"))]);
  unused.release();
  assert.equal(pool.size.backends, 2);
  for (const { backend } of [lent, unused])
    await running.storage(`SELECT pg_terminate_backend(${backend.processId})`);
  await eventually("both are counted out", () => pool.size.backends === 0);
  await assert.rejects(request(lent.backend, "SELECT 1"), { name: "BackendLost" });
  lent.release();
  assert.deepEqual(pool.size, { backends: 0, leased: 0, waiting: 0 });
});

test("a role that PostgreSQL refuses leaves the counts right", async () => {
  const pool = poolOf({ livelyMax: 1 });
  for (let attempt = 0; attempt < 3; attempt++) {
    await assert.rejects(pool.acquire("nobody_of_this_name"), { name: "BackendLost" });
  }
  assert.deepEqual(pool.size, { backends: 0, leased: 0, waiting: 0 });
  (await comes(pool.acquire("admin"))).release();
});

test("a closed pool refuses who waits, and drops what comes back", async () => {
  const pool = poolOf({ livelyMax: 1 });
  const held = await comes(pool.acquire("admin"));
  held.busy();
  const waiting = assert.rejects(pool.acquire("admin"), { sqlstate: "XX000" });
  pool.close();
  await waiting;
  held.release();
  await eventually("no backend is left", () => pool.size.backends === 0);
});

test("a hundred clients in turn share four backends", async () => {
  const pool = poolOf({ livelyMax: 4 });
  await within("all have had their turn", () =>
    Promise.all(
      Array.from({ length: 100 }, async () => {
        for (let turn = 0; turn < 5; turn++) {
          const lease = await pool.acquire("admin");
          lease.busy();
          await requestSimple(lease.backend, "SELECT 1");
          lease.release();
        }
      }),
    ),
  );
  assert.equal(pool.size.leased, 0);
  assert.equal(pool.size.waiting, 0);
});
