/** PostgreSQL that ends again while it is started again, and a cluster whose start fails half-way. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createCluster, type Log, readLock } from "../src/index.ts";
import { newDataDir, runCluster, within } from "./running-cluster.ts";
import { afterTest, eventually, isAlive, skipWithoutMount, temporaryDataDir } from "./storage-helper.ts";

test("a PostgreSQL that is killed while it starts again is started once more, until it stays", async () => {
  let killsLeft = 0;
  const log: Log = (event) => {
    const pid = /^\[(\d+)\] LOG: {2}starting PostgreSQL/.exec(String(event["line"]))?.[1];
    if (pid === undefined || killsLeft === 0) return;
    killsLeft -= 1;
    process.kill(Number(pid), "SIGKILL");
  };
  const running = await runCluster({ log });
  try {
    const failures: Error[] = [];
    running.cluster.onFailure((reason) => failures.push(reason));
    await (await running.connect()).query("CREATE TABLE kept (n int)");
    killsLeft = 3;
    process.kill(running.cluster.postmasterProcessId ?? 0, "SIGKILL");
    await eventually("a client is served again", async () => {
      const client = await running.connect().catch(() => undefined);
      const rows = await client?.query("SELECT n FROM kept").catch(() => undefined);
      return killsLeft === 0 && rows !== undefined;
    });
    assert.deepEqual(failures, []);
  } finally {
    await running.stop();
  }
});

test("a PostgreSQL that cannot be started any more is given up with the reason and what to do", async () => {
  const dataDir = newDataDir();
  const running = await runCluster({ dataDir });
  const control = join(dataDir, "postgres", "global", "pg_control");
  const failed = new Promise<Error>((resolve) => running.cluster.onFailure(resolve));
  renameSync(control, `${control}.away`);
  process.kill(running.cluster.postmasterProcessId ?? 0, "SIGKILL");
  const reason = await within("it is given up", () => failed);
  assert.match(reason.message, /5 times in a row.*pg_control is missing.*Bring back a copy/);
  await running.stop();

  renameSync(`${control}.away`, control);
  const again = await runCluster({ dataDir });
  await again.stop();
  rmSync(dataDir, { recursive: true });
});

test(
  "a disk that fills up during a start is called full, and nothing holds the data directory afterwards",
  { skip: skipWithoutMount() },
  async (t) => {
    const disk = await smallDisk(t);
    const dataDir = join(disk, "data");
    const first = createCluster({ dataDir });
    await first.start();
    await first.stop();

    const filler = join(disk, "filler");
    const log: Log = ({ event }) => {
      if (event === "storage.started") fill(filler);
    };
    const full = createCluster({ dataDir, log });
    await assert.rejects(full.start(), {
      problem: /The disk that holds .* is full/,
      remedy: /Free some space/,
    });
    assert.equal(await readLock(dataDir), undefined);
    assert.ok(!readdirSync(dataDir).includes("lock.json"));
    await eventually("no PostgreSQL is left", () => postgresOf(dataDir).length === 0);

    rmSync(filler);
    const freed = createCluster({ dataDir });
    await freed.start();
    await freed.stop();
  },
);

async function smallDisk(t: TestContext): Promise<string> {
  const mountPoint = await temporaryDataDir(t);
  await mkdir(mountPoint);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=120m,mode=0755", "tmpfs", mountPoint]);
  afterTest(t, () => execFileSync("umount", ["--lazy", mountPoint]));
  return mountPoint;
}

/** Takes all the space there is. */
function fill(file: string): void {
  writeFileSync(file, "");
  for (const bytes of [1 << 20, 4096]) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(bytes));
    } catch {
      // It is full.
    }
  }
}

function postgresOf(dataDir: string): readonly number[] {
  try {
    const pids = execFileSync("pgrep", ["-f", `postgres -D ${dataDir}/`]).toString();
    return pids.trim().split("\n").map(Number).filter(isAlive);
  } catch {
    return []; // It found none.
  }
}
