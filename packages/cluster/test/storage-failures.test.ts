/** Storage that cannot start: the error says what is wrong and what to do, and nothing was destroyed. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, readdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentLog } from "../src/base/index.ts";
import {
  type Storage,
  StorageError,
  acquireDataDir,
  createStorage,
  readClusterFile,
  writeClusterFile,
} from "../src/storage/index.ts";
import { endOrphan } from "../src/storage/postmaster/orphan.ts";
import { postmastersOf } from "../src/storage/postmaster/postmaster-file.ts";
import {
  afterTest,
  eventually,
  query,
  skipWithoutMount,
  startStorage,
  startStorageProcess,
  temporaryDataDir,
} from "./storage-helper.ts";

const isRoot = process.getuid?.() === 0;

/** A stopped storage whose database holds one row. */
async function usedStorage(t: TestContext): Promise<{ storage: Storage; postgresDir: string }> {
  const dataDir = await temporaryDataDir(t);
  const storage = await startStorage(t, dataDir);
  await query(storage.address, "admin", "CREATE TABLE account (id int)", "INSERT INTO account VALUES (7)");
  await storage.stop();
  return { storage, postgresDir: join(dataDir, "postgres") };
}

/** Path and size of everything in a folder, PostgreSQL's own records of a start aside. */
async function inventory(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.map((entry) => join(entry.parentPath, entry.name));
  return names.filter((name) => !/postmaster\.(opts|pid)$|pg_stat|pg_dynshmem|\.conf$/.test(name)).sort();
}

async function refusal(start: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await start.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StorageError, `a StorageError was expected, not ${String(error)}`);
  assert.ok(error.remedy.length > 20, "it says what to do");
  return error;
}

const damages: Record<string, { damage: (dir: string) => Promise<void>; problem: RegExp }> = {
  "without PG_VERSION": {
    damage: (dir) => rm(join(dir, "PG_VERSION")),
    problem: /incomplete: PG_VERSION is missing/,
  },
  "of another PostgreSQL": {
    damage: (dir) => writeFile(join(dir, "PG_VERSION"), "15\n"),
    problem: /made by PostgreSQL 15; this is PostgreSQL 16/,
  },
  "without pg_control": {
    damage: (dir) => rm(join(dir, "global", "pg_control")),
    problem: /incomplete: global\/pg_control/,
  },
  "with a cut pg_control": {
    damage: (dir) => truncate(join(dir, "global", "pg_control"), 100),
    problem: /damaged/,
  },
  "with a wrong pg_control": {
    damage: (dir) => writeFile(join(dir, "global", "pg_control"), Buffer.alloc(8192, 1)),
    problem: /damaged|incompatible/,
  },
  "without its log": {
    damage: async (dir) => {
      for (const name of await readdir(join(dir, "pg_wal"))) {
        if (/^[0-9A-F]{24}$/.test(name)) await rm(join(dir, "pg_wal", name));
      }
    },
    problem: /damaged/,
  },
  "without pg_xact": {
    damage: (dir) => rm(join(dir, "pg_xact"), { recursive: true }),
    problem: /pg_xact is missing/,
  },
  "without the file that names its relations": {
    damage: (dir) => rm(join(dir, "global", "pg_filenode.map")),
    problem: /incomplete: global\/pg_filenode.map/,
  },
  "without its database": {
    damage: (dir) => rm(join(dir, "base", "5"), { recursive: true }),
    problem: /incomplete: base\/5/,
  },
};

for (const [how, { damage, problem }] of Object.entries(damages)) {
  test(`a data directory ${how} is refused and left as it is`, async (t) => {
    const { storage, postgresDir } = await usedStorage(t);
    await damage(postgresDir);
    const before = await inventory(postgresDir);
    const error = await refusal(storage.start());
    assert.match(error.problem, problem);
    assert.deepEqual(await inventory(postgresDir), before);
    assert.deepEqual(storage.processes, { postmaster: undefined, guardian: undefined });
  });
}

test("data that is brought back is found again", async (t) => {
  const { storage, postgresDir } = await usedStorage(t);
  await rename(join(postgresDir, "global"), join(postgresDir, "gone"));
  await refusal(storage.start());
  await rename(join(postgresDir, "gone"), join(postgresDir, "global"));
  await storage.start();
  assert.deepEqual(await query(storage.address, "admin", "SELECT id FROM account"), [{ id: 7 }]);
});

test(
  "a full disk is called a full disk, on a new directory and on an old one",
  { skip: skipWithoutMount() },
  async (t) => {
    const mountPoint = await temporaryDataDir(t);
    await mkdir(mountPoint);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=70m,mode=0755", "tmpfs", mountPoint]);
    afterTest(t, () => execFileSync("umount", ["--lazy", mountPoint]));
    const filler = join(mountPoint, "filler");
    const dataDir = join(mountPoint, "data");
    await acquireDataDir(dataDir);
    const storage = createStorage({ dataDir, fsync: false, connectionsMax: 20, log: silentLog });

    await writeFile(filler, Buffer.alloc(60 << 20));
    assert.match((await refusal(storage.start())).problem, /is full/);
    assert.deepEqual(
      (await readdir(dataDir)).sort(),
      [".gitignore", "lock.json"],
      "what was begun is removed",
    );

    await rm(filler);
    await storage.start();
    await query(storage.address, "admin", "CREATE TABLE account (id int)", "INSERT INTO account VALUES (7)");
    await storage.stop();
    await writeFile(filler, Buffer.alloc(70 << 20)).catch(() => undefined); // Takes what there is.
    assert.match((await refusal(storage.start())).problem, /is full/);

    await rm(filler);
    await storage.start();
    assert.deepEqual(await query(storage.address, "admin", "SELECT id FROM account"), [{ id: 7 }]);
    await storage.stop();
  },
);

test("a path that is a file is refused", async (t) => {
  const path = await temporaryDataDir(t);
  await writeFile(path, "mine");
  assert.match((await refusal(acquireDataDir(path))).problem, /is not a folder/);
  assert.match((await refusal(acquireDataDir(join(path, "below")))).problem, /is not a folder/);
  assert.equal(await readFile(path, "utf8"), "mine");
});

test("a folder that holds something of others is refused and left as it is", async (t) => {
  const path = await temporaryDataDir(t);
  await mkdir(path);
  await writeFile(join(path, "letter.txt"), "dear");
  assert.match(
    (await refusal(acquireDataDir(path))).problem,
    /is not a data directory of dsql-local: it holds letter.txt/,
  );
  assert.deepEqual(await readdir(path), ["letter.txt"]);
});

test(
  "a directory without permission is refused",
  { skip: isRoot ? "root has every permission" : false },
  async (t) => {
    const path = await temporaryDataDir(t);
    await mkdir(path);
    await chmod(path, 0o500);
    assert.match((await refusal(acquireDataDir(path))).problem, /cannot be written \(EACCES\)/);
  },
);

test("a postmaster.pid that names nobody stops no start, and the PostgreSQL that still works there ends first", async (t) => {
  const { storage, postgresDir } = await usedStorage(t);
  for (const content of ["", "null", "\u0000\u0001", "-7\n"]) {
    await writeFile(join(postgresDir, "postmaster.pid"), content);
    await storage.start();
    await storage.stop();
  }
});

test("where postmaster.pid names nobody, a PostgreSQL that nothing guards any more ends before the next start", async (t) => {
  const dataDir = await temporaryDataDir(t);
  const left = await startStorageProcess(t, dataDir);
  for (const pid of [left.child.pid ?? 0, left.guardian]) process.kill(pid, "SIGSTOP");
  const postgresDir = join(dataDir, "postgres");
  await writeFile(join(postgresDir, "postmaster.pid"), "?");
  await endOrphan(postgresDir);
  await eventually("it has ended", async () => (await postmastersOf(postgresDir)).length === 0);
  for (const pid of [left.guardian, left.child.pid ?? 0]) process.kill(pid, "SIGCONT");
});

test("a link to files that are gone is refused", async (t) => {
  const dataDir = await temporaryDataDir(t);
  await acquireDataDir(dataDir);
  await symlink(join(dataDir, "nowhere"), join(dataDir, "postgres"));
  const storage = createStorage({ dataDir, fsync: false, connectionsMax: 20, log: silentLog });
  assert.match((await refusal(storage.start())).problem, /points to .*nowhere.* gone/);
});

test("a new cluster's identity is kept, and a damaged one is never overwritten", async (t) => {
  const dataDir = await temporaryDataDir(t);
  await acquireDataDir(dataDir);
  assert.equal(await readClusterFile(dataDir), undefined);
  const entry = {
    id: "abcdefghijklmnopqrstuvwxyz",
    region: "us-east-1",
    createdAt: "2026-01-01T00:00:00.000Z",
    folder: ".",
  };
  const made = { account: "123456789012", clusters: [entry], removing: [] };
  await writeClusterFile(dataDir, made);
  assert.deepEqual(await readClusterFile(dataDir), made);
  const outside = JSON.stringify({ version: 2, ...made, removing: ["../elsewhere"] });
  const withEntry = (change: object): string =>
    JSON.stringify({ version: 2, ...made, clusters: [{ ...entry, ...change }] });
  const wrongMembers = [{ createdAt: "soon" }, { createdAt: "" }, { region: "" }, { id: 7 }].map(withEntry);
  const otherAccount = JSON.stringify({ version: 2, ...made, account: "mine" });
  const wrongTexts = ["", "{", "[]", "{}", '{"version":1,"id":"short"}', '{"version":3}', outside];
  for (const damaged of [...wrongTexts, ...wrongMembers, otherAccount]) {
    await writeFile(join(dataDir, "cluster.json"), damaged);
    const error = await refusal(readClusterFile(dataDir));
    assert.match(error.problem, /cluster\.json/);
    assert.equal(await readFile(join(dataDir, "cluster.json"), "utf8"), damaged);
  }
});

test("storage starts only in a directory that this process holds", async (t) => {
  const dataDir = await temporaryDataDir(t);
  await mkdir(dirname(dataDir), { recursive: true });
  const storage = createStorage({ dataDir, fsync: false, connectionsMax: 20, log: silentLog });
  await assert.rejects(storage.start(), { name: "AssertionError" });
});
