/**
 * Makes PostgreSQL's files for a new data directory, and brings the system schema of an old one up to date.
 *
 * Always true
 * - A folder named `postgres` is complete: it is made under another name and renamed at the end.
 * - A version of the system schema is in place wholly or not at all: it is one transaction.
 *
 * Statements run in PostgreSQL's single-user mode, which needs no server, socket or role (40 ms).
 */
import { createHash } from "node:crypto";
import { access, chown, mkdir, readFile, readdir, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../base/index.ts";
import type { DatabaseUser } from "./programs/database-user.ts";
import { diagnose } from "./diagnose.ts";
import { replaceFile } from "./data-dir/whole-file.ts";
import { copyTree, type ImageCache, type ImageKey, treeEntries } from "./images/index.ts";
import type { Binaries } from "./programs/install.ts";
import { type ProgramRun, runProgram } from "./programs/run-program.ts";
import { type ServerSettings, pgHbaConf, postgresqlConf } from "./settings.ts";
import { StorageError, errorCode, ifPresent } from "./storage-error.ts";
import {
  oldestSchemaVersion,
  superuser,
  systemRole,
  systemSchema,
  systemSchemaVersion,
  type SystemSchemaVersion,
} from "./system-schema/index.ts";

export interface Ground {
  readonly postgresDir: string;
  readonly binaries: Binaries;
  readonly user: DatabaseUser | undefined;
  readonly settings: ServerSettings;
  /** The system's own, needed where PostgreSQL listens on TCP; letters, digits, `-` and `_`. */
  readonly password: string | undefined;
}

const postgresMajorVersion = "16";

/** Whether there is nothing yet. An empty folder is nothing. */
export async function isNew(postgresDir: string): Promise<boolean> {
  return ((await ifPresent(readdir(postgresDir))) ?? []).length === 0;
}

/** Where finished data may be kept and copied from; undefined makes them anew. */
export interface ImageSource {
  readonly images: ImageCache | undefined;
  /** What the data are to hold beyond the system schema, if there is an image of that. */
  readonly own: ImageKey | undefined;
}

/**
 * @returns whether the data are a copy of the image of its own that was asked for
 * @throws {StorageError} initdb failed; what it had made is removed
 */
export async function initialise(ground: Ground, source: ImageSource): Promise<boolean> {
  const { postgresDir, user } = ground;
  const unfinished = `${postgresDir}.new`;
  try {
    await rm(unfinished, { recursive: true, force: true }); // Left by a start that was killed.
    await mkdir(unfinished, { mode: 0o700 });
    if (user !== undefined) await chown(unfinished, user.uid, user.gid);
    const isOwn = await makeOrCopy({ ...ground, postgresDir: unfinished }, source);
    await ifPresent(rmdir(postgresDir));
    await rename(unfinished, postgresDir);
    return isOwn;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (errorCode(error) === undefined) throw error;
    throw diagnose([], { postgresDir, doing: "Making the database", cause: error });
  }
}

async function makeOrCopy(ground: Ground, { images, own }: ImageSource): Promise<boolean> {
  const cache = mayUseImages(ground) ? images : undefined;
  const copied = async (image: ImageKey): Promise<boolean> =>
    (await cache?.copyTo(image, ground.postgresDir, ground.user)) === true;
  if (own !== undefined && (await copied(ownImageKey(ground, own)))) {
    await writeSettings(ground);
    return true;
  }
  const key = imageKey(ground);
  if (await copied(key)) {
    await writeSettings(ground);
    return false;
  }
  await initdb(ground);
  await writeSettings(ground);
  await applyVersions(ground, 0);
  await giveSystemPassword(ground);
  await runStatements(ground, makeSmall);
  await cache?.keep(key, ground.postgresDir);
  return false;
}

/** With fsync, what was copied would have to be brought to the disk; with a password, an image would hold it. */
export function mayUseImages({ settings, password }: Ground): boolean {
  return !settings.fsync && password === undefined;
}

/** Of data that hold more than the system schema. */
export function ownImageKey(ground: Ground, own: ImageKey): ImageKey {
  return { ...imageKey(ground), content: "of its own", own: JSON.stringify(own) };
}

async function giveSystemPassword(ground: Ground): Promise<void> {
  if (ground.password === undefined) return;
  await runStatements(ground, [`ALTER ROLE ${systemRole} PASSWORD '${ground.password}'`]);
}

/** Everything that initialised data depend on. */
function imageKey({ binaries }: Ground): ImageKey {
  return {
    content: "system schema",
    postgresql: binaries.version,
    platform: binaries.platform,
    initdb: initdbOptions.join(" "),
    systemSchemaVersion,
    statements: createHash("sha256")
      .update(JSON.stringify([systemSchema, makeSmall]))
      .digest("hex"),
  };
}

/**
 * Every new cluster is given a copy of these files, so what it does not need is taken out. Nobody can connect to PostgreSQL's
 * two templates, nor make a database from them: they are two thirds of all files. And the write-ahead log of the making
 * itself is half of what remains: a new, empty segment takes its place.
 */
const makeSmall = [
  "UPDATE pg_database SET datistemplate = false WHERE datname IN ('template0', 'template1')",
  "DROP DATABASE template0",
  "DROP DATABASE template1",
  "SELECT pg_switch_wal()",
  "CHECKPOINT",
];

const initdbOptions = ["-U", superuser, "-E", "UTF8", "--no-locale", "--no-instructions"];

/** Makes new data a copy of a snapshot's of another cluster. */
export async function copyFrom(folder: string, ground: Ground): Promise<void> {
  const { postgresDir, user } = ground;
  await mkdir(postgresDir, { recursive: true, mode: 0o700 });
  if (user !== undefined) await chown(postgresDir, user.uid, user.gid);
  await copyTree(folder, postgresDir, treeEntries(folder), { owner: user });
  await writeSettings(ground);
  await giveSystemPassword(ground);
}

async function initdb({ postgresDir, binaries, user, settings }: Ground): Promise<void> {
  // Who may connect is written before the first server runs: see `writeSettings`.
  const args = ["-D", postgresDir, ...initdbOptions, "--auth=trust"];
  args.push(settings.fsync ? "--data-checksums" : "--no-sync");
  const run = await runProgram(binaries.initdb, args, { user, cwd: rootFolder });
  if (run.code !== 0) throw diagnose(run.log, { postgresDir, doing: "initdb", cause: endOf(run) });
}

const rootFolder = process.platform === "win32" ? (process.env["SystemDrive"] ?? "C:") + "\\" : "/";

export async function writeSettings({ postgresDir, user, settings }: Ground): Promise<void> {
  const files = {
    "postgresql.conf": postgresqlConf(settings),
    "pg_hba.conf": pgHbaConf(settings.listen, superuser),
    "postgresql.auto.conf": "", // What ALTER SYSTEM wrote; only a superuser can, and it would undo the settings above.
  };
  for (const [name, content] of Object.entries(files)) {
    await replaceFile(join(postgresDir, name), content, { owner: user });
  }
}

/** Says which version is in place without asking the database, which takes a while longer. */
const markerName = "dsql_system_schema";

/** @throws {StorageError} a statement failed, or the data was made by a newer version of this program or too old a one */
export async function bringSchemaUpToDate(ground: Ground): Promise<void> {
  const marker = await ifPresent(readFile(join(ground.postgresDir, markerName), "utf8"));
  if (marker?.trim() === String(systemSchemaVersion)) return;
  const present = await askVersion(ground);
  refuseVersion(ground.postgresDir, present);
  await applyVersions(ground, present);
}

/** Of files that no PostgreSQL serves. @throws {StorageError} as `bringSchemaUpToDate`, or `checkFiles` */
export async function checkVersion(postgresDir: string): Promise<void> {
  await checkFiles(postgresDir);
  const marker = await ifPresent(readFile(join(postgresDir, markerName), "utf8"));
  if (marker !== undefined) refuseVersion(postgresDir, Number(marker));
}

function refuseVersion(postgresDir: string, present: number): void {
  if (present > systemSchemaVersion) {
    throw new StorageError({
      problem: `${postgresDir} was made by a newer version of this program (system schema ${present}, here ${systemSchemaVersion}).`,
      remedy:
        "Install that version, or start with another data directory. To take the data along: npx dsql export with that version, dsql import with this one.",
    });
  }
  if (present < oldestSchemaVersion) {
    throw new StorageError({
      problem: `${postgresDir} was made by an early version of this program (system schema ${present}, here ${systemSchemaVersion}).`,
      remedy: "Start with another data directory; nothing was changed in this one.",
    });
  }
}

async function askVersion(ground: Ground): Promise<number> {
  const run = await runStatements(ground, ["SELECT max(version) FROM pg_dsql.schema_version"]);
  const version = /max = "(\d+)"/.exec(run.stdout)?.[1];
  if (version !== undefined) return Number(version);
  throw new StorageError({
    problem: `${ground.postgresDir} holds a database that this program did not make: it has no pg_dsql.schema_version.`,
    remedy: "Start with another data directory.",
    postgresLog: run.log,
  });
}

async function applyVersions(ground: Ground, present: number): Promise<void> {
  for (const version of systemSchema.filter((each) => each.version > present)) await apply(ground, version);
  const marker = join(ground.postgresDir, markerName);
  await replaceFile(marker, `${systemSchemaVersion}\n`, {
    owner: ground.user,
    durable: ground.settings.fsync,
  });
}

async function apply(ground: Ground, { version, statements }: SystemSchemaVersion): Promise<void> {
  const record = `INSERT INTO pg_dsql.schema_version (version) VALUES (${version})`;
  await runStatements(ground, ["BEGIN", ...statements, record, "COMMIT"]);
}

// With -j a statement ends at a semicolon before an empty line, so that one may hold semicolons itself.
async function runStatements(ground: Ground, statements: readonly string[]): Promise<ProgramRun> {
  const { postgresDir, binaries, user } = ground;
  assert(
    statements.every((each) => !/;\s*\n\s*\n/.test(each)),
    "no statement of ours holds an empty line",
  );
  const settings = {
    allow_system_table_mods: "on",
    wal_recycle: "off",
    exit_on_error: "on",
    log_error_verbosity: "default",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const input = statements.map((each) => `${each.trim()};\n\n`).join("");
  const args = ["--single", "-j", "-D", postgresDir, ...options, "postgres"];
  const run = await runProgram(binaries.postgres, args, { user, cwd: rootFolder, input });
  if (run.code === 0) return run;
  throw diagnose(run.log, { postgresDir, doing: "Preparing the database", cause: endOf(run) });
}

function endOf({ code, signal }: ProgramRun): Error {
  return new Error(signal === null ? `exit code ${code}` : `ended by ${signal}`);
}

/**
 * What is there in every PostgreSQL data directory. PostgreSQL itself misses some of it only when a client connects.
 * The database `postgres` has oid 5. Source: PostgreSQL, src/include/catalog/pg_database.dat.
 */
const essential = [
  "PG_VERSION",
  "global/pg_control",
  "global/pg_filenode.map",
  "base/5/PG_VERSION",
  "base/5/pg_filenode.map",
  "pg_wal",
  "pg_xact",
];

/** @throws {StorageError} the directory holds something else, or not all of it */
export async function checkFiles(postgresDir: string): Promise<void> {
  const version = await ifPresent(readFile(join(postgresDir, "PG_VERSION"), "utf8"));
  if (version !== undefined && version.trim() !== postgresMajorVersion) {
    throw new StorageError({
      problem: `${postgresDir} was made by PostgreSQL ${version.trim()}; this is PostgreSQL ${postgresMajorVersion}.`,
      remedy: "Start with another data directory.",
    });
  }
  const missing: string[] = [];
  for (const name of essential) {
    const isThere = await ifPresent(access(join(postgresDir, name)).then(() => true));
    if (isThere === undefined) missing.push(name);
  }
  if (missing.length === 0) return;
  throw new StorageError({
    problem: `The data in ${postgresDir} is incomplete: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing.`,
    remedy:
      "Bring back a copy of the data directory, or start with another one; nothing was changed in this one.",
  });
}
