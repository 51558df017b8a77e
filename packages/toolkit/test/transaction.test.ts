import assert from "node:assert/strict";
import process from "node:process";
import { after, before, test } from "node:test";
import type { Pool, PoolClient } from "pg";
import {
  conflictOf,
  idempotencyTable,
  KeyReusedError,
  once,
  OutcomeUnknownError,
  RetriesExhaustedError,
  RetryBudget,
  type RetryEvent,
  RolledBackError,
  transaction,
  type TransactionEnd,
  type TransactionPool,
  UsageError,
} from "../src/index.ts";
import { define, type Fixture, startFixture } from "./fixture.ts";
import { type CuttingProxy, startProxy } from "./proxy.ts";

let fixture: Fixture;
let pool: Pool;
let proxy: CuttingProxy;
/** Its connections go through the proxy. */
let proxied: Pool;

before(async () => {
  fixture = await startFixture();
  pool = fixture.pool();
  await define(
    pool,
    "CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)",
    "CREATE TABLE transfer (id uuid PRIMARY KEY, amount int NOT NULL)",
    idempotencyTable(),
  );
  proxy = await startProxy(fixture.cluster);
  proxied = fixture.pool({ address: { host: "127.0.0.1", port: proxy.port } });
});
after(async () => {
  await proxy.close();
  await fixture.stop();
});

async function account(id: number, balance: number): Promise<number> {
  await pool.query("INSERT INTO account VALUES ($1, $2)", [id, balance]);
  return id;
}

async function balanceOf(id: number): Promise<number | undefined> {
  const { rows } = await pool.query<{ balance: number }>("SELECT balance FROM account WHERE id = $1", [id]);
  return rows[0]?.balance;
}

test("concurrent transactions on one row are all committed, each on the balance the one before left", async () => {
  const id = await account(1, 0);
  const events: RetryEvent[] = [];
  const deposit = () =>
    transaction(
      pool,
      async (tx) => {
        const { rows } = await tx.query<{ balance: number }>("SELECT balance FROM account WHERE id = $1", [
          id,
        ]);
        await tx.query("UPDATE account SET balance = $2 WHERE id = $1", [id, rows[0]!.balance + 1]);
      },
      { attempts: 50, onRetry: (event) => events.push(event) },
    );
  await Promise.all(Array.from({ length: 8 }, deposit));
  assert.equal(await balanceOf(id), 8);
  assert.ok(events.length > 0);
  assert.ok(events.every(({ conflict }) => conflict === "OC000"));
});

test("a conflict is provoked once and retried once", async () => {
  const id = await account(2, 100);
  const attempts: number[] = [];
  await transaction(pool, async (tx) => {
    attempts.push(tx.attempt);
    await tx.query("UPDATE account SET balance = balance - 10 WHERE id = $1", [id]);
    if (tx.attempt === 1) await pool.query("UPDATE account SET balance = balance - 1 WHERE id = $1", [id]);
  });
  assert.deepEqual(attempts, [1, 2]);
  assert.equal(await balanceOf(id), 89);
});

test("a change of the schema under an open transaction is retried as OC001", async () => {
  await define(pool, "CREATE TABLE altered (id int PRIMARY KEY)");
  const conflicts: string[] = [];
  await transaction(
    pool,
    async (tx) => {
      await tx.query("INSERT INTO altered VALUES (1)");
      if (tx.attempt === 1) await define(pool, "ALTER TABLE altered ADD COLUMN note text");
    },
    { onRetry: ({ conflict }) => conflicts.push(conflict) },
  );
  assert.deepEqual(conflicts, ["OC001"]);
});

test("another error is thrown at once, after ROLLBACK, and the client goes back to the pool", async () => {
  const id = await account(3, 100);
  const one = fixture.pool({ max: 1 });
  let runs = 0;
  const failing = transaction(one, async (tx) => {
    runs++;
    await tx.query("UPDATE account SET balance = 0 WHERE id = $1", [id]);
    await tx.query("INSERT INTO account VALUES ($1, 0)", [id]);
  });
  await assert.rejects(failing, { code: "23505" });
  assert.equal(runs, 1);
  assert.equal(await balanceOf(id), 100);
  assert.equal(one.idleCount, 1);
});

test("attempts, deadline, budget, signal and the Lambda context each end the retrying", async () => {
  const id = await account(4, 0);
  const losing = (options: Parameters<typeof transaction>[2]) =>
    transaction(
      pool,
      async (tx) => {
        await tx.query("UPDATE account SET balance = 1 WHERE id = $1", [id]);
        await pool.query("UPDATE account SET balance = 2 WHERE id = $1", [id]);
      },
      options,
    );
  const endsBy = (reason: string, attempts: number) => (error: unknown) => {
    assert.ok(error instanceof RetriesExhaustedError);
    assert.deepEqual([error.reason, error.attempts, error.code], [reason, attempts, "40001"]);
    assert.equal(conflictOf(error.cause), "OC000");
    return true;
  };
  await assert.rejects(losing({ attempts: 3 }), endsBy("attempts", 3));
  await assert.rejects(losing({ deadlineMs: 0 }), endsBy("deadline", 1));
  const lambdaContext = { getRemainingTimeInMillis: () => 900 };
  await assert.rejects(losing({ lambdaContext }), endsBy("deadline", 1));
  await assert.rejects(losing({ budget: new RetryBudget({ capacity: 2 }) }), endsBy("budget", 3));
  await assert.rejects(losing({ signal: AbortSignal.abort() }), endsBy("aborted", 1));
});

test("a swallowed error is not taken for a commit", async () => {
  const swallowing = transaction(pool, async (tx) => {
    await assert.rejects(tx.query("SELECT * FROM missing"));
  });
  await assert.rejects(swallowing, RolledBackError);
});

test("a statement that is not awaited cannot write outside its transaction", async () => {
  let late: (() => unknown) | undefined;
  await transaction(pool, async (tx) => {
    late = () => tx.query("INSERT INTO account VALUES (99, 99)");
  });
  assert.throws(() => late?.(), UsageError);
});

test("a transaction within a transaction and other isolation levels are refused", async () => {
  const nested = transaction(pool, () => transaction(pool, async () => undefined));
  await assert.rejects(nested, UsageError);
  await assert.rejects(
    transaction(pool, async () => undefined, { isolation: "serializable" }),
    /repeatable read/,
  );
});

test("a transaction may be read-only", async () => {
  const writing = transaction(pool, (tx) => tx.query("INSERT INTO account VALUES (98, 0)"), {
    readOnly: true,
  });
  await assert.rejects(writing, { code: "25006" });
});

test("a connection that died in the pool is replaced before the function runs", async () => {
  const client = await proxied.connect();
  client.release();
  proxy.cut();
  let runs = 0;
  await transaction(proxied, async (tx) => {
    runs++;
    await tx.query("SELECT 1");
  });
  assert.equal(runs, 1);
});

test("a connection lost before COMMIT is an error, not retried, and its client is destroyed", async () => {
  let runs = 0;
  const lost = transaction(proxied, async (tx) => {
    runs++;
    await tx.query("SELECT 1");
    proxy.cut();
    await tx.query("SELECT 2");
  });
  await assert.rejects(lost, (error) => !(error instanceof OutcomeUnknownError));
  assert.equal(runs, 1);
  assert.equal(proxied.totalCount, 0);
});

/** A pool whose first COMMIT reaches the server, but the answer does not reach us and the connection is cut. */
function poolCutDuringCommit(): TransactionPool {
  let isCut = false;
  const connect = async (): Promise<PoolClient> => {
    const client = await proxied.connect();
    const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
    const watched = (...parameters: unknown[]): unknown => {
      if (parameters[0] === "COMMIT" && !isCut) {
        isCut = true;
        proxy.cutAtAnswer();
      }
      return query(...parameters);
    };
    client.query = watched as PoolClient["query"];
    return client;
  };
  return { connect };
}

test("a connection lost during COMMIT is an unknown outcome, and nothing is run again", async () => {
  const id = await account(5, 100);
  const ends: TransactionEnd[] = [];
  let runs = 0;
  const unknown = transaction(
    poolCutDuringCommit(),
    async (tx) => {
      runs++;
      await tx.query("UPDATE account SET balance = balance - 1 WHERE id = $1", [id]);
    },
    { idempotencyKey: "key-1", onEnd: (end) => ends.push(end) },
  );
  await assert.rejects(unknown, (error) => {
    assert.ok(error instanceof OutcomeUnknownError);
    assert.deepEqual([error.code, error.idempotencyKey], ["08007", "key-1"]);
    return true;
  });
  assert.equal(runs, 1);
  assert.equal(ends[0]?.outcome, "unknown");
  // The answer was lost, the work was not: that is why nobody may run it again unasked.
  assert.equal(await balanceOf(id), 99);
});

test("a hook for metrics that fails does not make a committed transaction look as if it had failed", async () => {
  const id = await account(9, 100);
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  let told = 0;
  await transaction(pool, (tx) => tx.query("UPDATE account SET balance = 99 WHERE id = $1", [id]), {
    onEnd: () => {
      told++;
      throw new Error("no metrics today");
    },
  });
  assert.equal((await warned).message, "no metrics today");
  assert.deepEqual([told, await balanceOf(id)], [1, 99]);
});

test("an idempotency key does the work once although the answer to COMMIT is lost", async () => {
  const id = await account(6, 100);
  let runs = 0;
  const { result, isRepeated } = await once(
    poolCutDuringCommit(),
    async (tx) => {
      runs++;
      await tx.query("UPDATE account SET balance = balance - 40 WHERE id = $1", [id]);
      return { amount: 40 };
    },
    { key: "transfer-6", request: { id, amount: 40 } },
  );
  assert.deepEqual([result, isRepeated, runs], [{ amount: 40 }, true, 1]);
  assert.equal(await balanceOf(id), 60);
});

test("many who come with one key at once all get the one result", async () => {
  const id = await account(7, 100);
  const withdraw = () =>
    once(
      pool,
      async (tx) => {
        await tx.query("UPDATE account SET balance = balance - 1 WHERE id = $1", [id]);
        return "done";
      },
      { key: "transfer-7", attempts: 50 },
    );
  const results = await Promise.all(Array.from({ length: 6 }, withdraw));
  assert.ok(results.every(({ result }) => result === "done"));
  assert.equal(results.filter(({ isRepeated }) => !isRepeated).length, 1);
  assert.equal(await balanceOf(id), 99);
});

test("a key that comes again with another request is refused", async () => {
  await once(pool, async () => undefined, { key: "key-8", request: { amount: 1, to: "ben" } });
  await once(pool, async () => undefined, { key: "key-8", request: { to: "ben", amount: 1 } });
  await assert.rejects(
    once(pool, async () => 1, { key: "key-8", request: { amount: 2 } }),
    KeyReusedError,
  );
});

test("a result that JSON cannot hold is refused before the work is committed", async () => {
  const id = await account(10, 100);
  const asked = once(
    pool,
    async (tx) => {
      await tx.query("UPDATE account SET balance = 0 WHERE id = $1", [id]);
      return 10n;
    },
    { key: "key-10" },
  );
  await assert.rejects(asked, UsageError);
  assert.equal(await balanceOf(id), 100);
});
