/** Storage: PostgreSQL, started, watched and stopped. */
import { randomBytes } from "node:crypto";
import { readdir, readFile, realpath, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Events, type Log, assert, defined } from "../base/index.ts";
import { holdsDataDir } from "./data-dir/data-dir.ts";
import { databaseUser } from "./programs/database-user.ts";
import { diagnose } from "./diagnose.ts";
import { replaceFile } from "./data-dir/whole-file.ts";
import { type GuardedPostmaster, startGuarded } from "./postmaster/guarded-postmaster.ts";
import {
  type Ground,
  bringSchemaUpToDate,
  checkFiles,
  checkVersion,
  copyFrom,
  initialise,
  isNew,
  mayUseImages,
  ownImageKey,
  writeSettings,
} from "./initialise.ts";
import { ImageCache, type ImageKey, Snapshots } from "./images/index.ts";
import { installBinaries } from "./programs/install.ts";
import { endOrphan } from "./postmaster/orphan.ts";
import { makeSocketDir, placeForFiles, removeSocketDir, socketFile } from "./data-dir/place.ts";
import { StorageError, errorCode, ifPresent } from "./storage-error.ts";
import { systemRole } from "./system-schema/index.ts";

/** Where backends connect. On a socket any role may; on loopback TCP each needs a password, this one is the system role's. */
export type StorageAddress =
  { readonly path: string } | { readonly host: string; readonly port: number; readonly password: string };

export interface StorageExit {
  /** Whether `stop()` had been asked for. */
  readonly expected: boolean;
  /** "PostgreSQL was ended by SIGKILL" */
  readonly reason: string;
}

export interface StorageOptions {
  /** A data directory that this process holds: see `acquireDataDir`. */
  readonly dataDir: string;
  /** Whether a commit survives loss of power, not only the death of processes. */
  readonly fsync: boolean;
  /** Backends that the cluster may hold at once. */
  readonly connectionsMax: number;
  /** Whether new data may be copied from the user's cache folder, and be kept there. */
  readonly cache?: boolean;
  /** New data are a copy of those in this folder, a snapshot's. */
  readonly copyOf?: string | undefined;
  /** New data are a copy of this image, if the user's cache folder has it. */
  readonly image?: ImageKey | undefined;
  readonly log: Log;
  /** Where PostgreSQL listens: on loopback TCP only where a machine has no Unix sockets, by default. */
  readonly listen?: "socket" | "tcp" | undefined;
}

export interface Storage {
  /**
   * Resolves when a connection is possible. May be called again after an exit; what was committed is there again.
   *
   * @throws {StorageError} it cannot be started; nothing was destroyed
   */
  start(): Promise<void>;
  /**
   * Copies the data as they are, under a name. PostgreSQL is stopped for it, and started again.
   *
   * @throws {StorageError} it may not be a name, or the disk is full; the data stay, and PostgreSQL runs
   */
  snapshot(name: string): Promise<void>;
  /** Makes the data what they were, whatever has been done since. @throws {StorageError} there is no such snapshot */
  restore(name: string): Promise<void>;
  /** Makes the data those of a new cluster. */
  reset(): Promise<void>;
  /** Whether the data were new, and a copy of the image that `image` names. */
  readonly isFromImage: boolean;
  /**
   * Keeps the data as the image that `image` names, unless images are not used here. PostgreSQL is stopped for it, and started again.
   * That the cache cannot be used is logged.
   */
  keepImage(): Promise<void>;
  readonly snapshots: Pick<Snapshots, "list" | "delete" | "folderOf">;
  /** Resolves when no process of PostgreSQL's is left. `immediate` leaves recovery to the next start. */
  stop(options?: { immediate?: boolean }): Promise<void>;
  /** Set by each `start()`, and another each time. */
  readonly address: StorageAddress;
  /** Whom the cluster itself connects as. */
  readonly systemRole: string;
  /** The process ids of PostgreSQL's first process and of its guardian while they run. */
  readonly processes: { readonly postmaster: number | undefined; readonly guardian: number | undefined };
  /** Calls `run` whenever PostgreSQL has ended. @returns a function that ends the subscription */
  onExit(run: (exit: StorageExit) => void): () => void;
}

// Recovery of a large log takes its time; past this it hangs.
const startMsMax = 120_000;
const patienceMs = { fast: 10_000, immediate: 5_000 };

// Children of a postmaster that was killed end by themselves, but one that computes may take a moment.
const survivors = /pre-existing shared memory block/;
const attemptsMax = 20;
const attemptPauseMs = 250;

type State = "stopped" | "starting" | "running" | "stopping";

export function createStorage(options: StorageOptions): Storage {
  return new EmbeddedPostgres(options);
}

class EmbeddedPostgres implements Storage {
  readonly systemRole = systemRole;
  readonly #options: StorageOptions;
  readonly #events = new Events<{ exit: StorageExit }>();
  #state: State = "stopped";
  #starting: Promise<void> = Promise.resolve();
  #address: StorageAddress | undefined;
  #postmaster: GuardedPostmaster | undefined;

  #ground: Ground | undefined;
  #isFromImage = false;
  /** The data are there since the first start. */
  #hasBegun = false;

  readonly snapshots: Snapshots;

  constructor(options: StorageOptions) {
    this.#options = options;
    this.snapshots = new Snapshots(options.dataDir);
  }

  get address(): StorageAddress {
    assert(this.#address !== undefined, "storage has been started before its address is asked for");
    return this.#address;
  }

  get processes(): Storage["processes"] {
    return { postmaster: this.#postmaster?.pid, guardian: this.#postmaster?.guardianPid };
  }

  onExit(run: (exit: StorageExit) => void): () => void {
    return this.#events.on("exit", run);
  }

  start(): Promise<void> {
    assert(this.#state === "stopped", "storage is started once, and again only after it has ended");
    this.#state = "starting";
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    const startedAtMs = performance.now();
    try {
      assert(
        await holdsDataDir(this.#options.dataDir),
        "storage starts in a data directory that this process holds",
      );
      await this.#launchPatiently();
    } catch (error) {
      this.#state = "stopped";
      this.#postmaster = undefined;
      if (this.#address !== undefined && "path" in this.#address)
        await removeSocketDir(dirname(this.#address.path));
      throw unforeseen(error, this.#options.dataDir);
    }
    this.#options.log({ event: "storage.started", durationMs: Math.round(performance.now() - startedAtMs) });
  }

  async stop({ immediate = false }: { immediate?: boolean } = {}): Promise<void> {
    const mode = immediate ? "immediate" : "fast";
    if (this.#state === "starting") {
      this.#postmaster?.shutDown(mode); // Otherwise it is still being made, and stopped as soon as it runs.
      await this.#starting.catch(() => undefined);
    }
    if (this.#state === "running") this.#state = "stopping";
    this.#postmaster?.shutDown(mode);
    await this.#postmaster?.ended;
  }

  async snapshot(name: string): Promise<void> {
    await this.stop();
    try {
      await this.snapshots.take(name, await this.#files());
    } catch (error) {
      throw unforeseen(error, this.#options.dataDir);
    } finally {
      await this.start();
    }
  }

  async restore(name: string): Promise<void> {
    // Before anything is stopped: a snapshot that cannot be used must not replace data that can.
    await checkVersion(await this.snapshots.folderOf(name));
    await this.stop({ immediate: true });
    const files = await this.#files();
    await this.snapshots.restore(name, files, await databaseUser(files));
    await this.start();
  }

  async reset(): Promise<void> {
    await this.stop({ immediate: true });
    const files = await this.#files();
    for (const name of await readdir(files)) await rm(join(files, name), { recursive: true, force: true });
    await this.start();
  }

  get isFromImage(): boolean {
    return this.#isFromImage;
  }

  async keepImage(): Promise<void> {
    const ground = defined(this.#ground, "storage has been started before its image is kept");
    const own = defined(this.#options.image, "an image is kept under the key that the options name");
    const images = this.#images;
    if (images === undefined || !mayUseImages(ground)) return;
    await this.stop();
    try {
      await images.keep(ownImageKey(ground, own), await this.#files());
    } finally {
      await this.start();
    }
  }

  get #images(): ImageCache | undefined {
    return this.#options.cache === true ? new ImageCache(this.#options.log) : undefined;
  }

  async #files(): Promise<string> {
    return await realpath(join(this.#options.dataDir, "postgres"));
  }

  /** PostgreSQL refuses to start while a child of a postmaster that was killed still computes. */
  async #launchPatiently(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#launch(await this.#prepare());
        return;
      } catch (error) {
        const mayPass =
          error instanceof StorageError && error.postgresLog.some((line) => survivors.test(line));
        if (!mayPass || attempt === attemptsMax) throw error;
        await sleep(attemptPauseMs);
      }
    }
  }

  /** Everything that comes before PostgreSQL's server runs. */
  async #prepare(): Promise<Ground> {
    const { fsync, connectionsMax, image: own } = this.#options;
    const dataDir = await realpath(this.#options.dataDir);
    const user = await databaseUser(join(dataDir, "postgres"));
    const [binaries, postgresDir] = await Promise.all([installBinaries(user), placeForFiles(dataDir, user)]);
    await this.snapshots.finishRestore(postgresDir, user);
    const fresh = await isNew(postgresDir);
    if (!fresh) {
      await checkFiles(postgresDir);
      await endOrphan(postgresDir);
    }
    const { listen, address, password } = await endpointFor(dataDir, user, this.#options.listen ?? listensOn);
    this.#address = address;
    const ground: Ground = {
      postgresDir,
      binaries,
      user,
      settings: { fsync, connectionsMax, listen },
      password,
    };
    this.#ground = ground;
    // What is to be copied is there for the first start; data that are made anew later are those of a new cluster.
    const copyOf = this.#hasBegun ? undefined : this.#options.copyOf;
    this.#hasBegun = true;
    if (fresh && copyOf !== undefined) {
      await copyFrom(copyOf, ground);
    } else if (fresh) {
      this.#isFromImage = await initialise(ground, { images: this.#images, own });
    } else {
      await writeSettings(ground);
      await bringSchemaUpToDate(ground);
    }
    return ground;
  }

  async #launch(ground: Ground): Promise<void> {
    const { postgresDir, binaries, user, settings } = ground;
    const task = {
      postgres: binaries.postgres,
      pgCtl: binaries.pgCtl,
      postgresDir,
      patienceMs,
      ...("socketDir" in settings.listen && { socketDir: settings.listen.socketDir }),
      ...(user && { user: { uid: user.uid, gid: user.gid } }),
    };
    const postmaster = startGuarded(task, (line) => {
      this.#options.log({ event: "storage.log", line });
    });
    this.#postmaster = postmaster;
    const outcome = await Promise.race([postmaster.ready(), sleep(startMsMax, "late", { ref: false })]);
    if (outcome === true) {
      this.#watch(postmaster);
      return;
    }
    if (outcome === "late") postmaster.shutDown("immediate");
    const cause = new Error(await postmaster.ended);
    throw diagnose(postmaster.log(), { postgresDir, doing: "Starting PostgreSQL", cause });
  }

  #watch(postmaster: GuardedPostmaster): void {
    this.#state = "running";
    void postmaster.ended.then((reason) => {
      const expected = this.#state === "stopping";
      this.#state = "stopped";
      this.#postmaster = undefined;
      this.#options.log({ event: "storage.ended", expected, reason });
      this.#events.emit("exit", { expected, reason });
    });
  }
}

interface Endpoint {
  readonly listen: Ground["settings"]["listen"];
  readonly address: StorageAddress;
  readonly password: string | undefined;
}

const listensOn = process.platform === "win32" ? "tcp" : "socket";

async function endpointFor(
  dataDir: string,
  user: Ground["user"],
  listens: "socket" | "tcp",
): Promise<Endpoint> {
  if (listens === "socket") {
    const socketDir = await makeSocketDir(dataDir, user);
    return { listen: { socketDir }, address: { path: socketFile(socketDir) }, password: undefined };
  }
  const listen = { host: "127.0.0.1", port: await freePort() };
  const password = await keptPassword(join(dataDir, "postgres-password"));
  return { listen, address: { ...listen, password }, password };
}

async function keptPassword(path: string): Promise<string> {
  const kept = await ifPresent(readFile(path, "utf8"));
  if (kept !== undefined && kept !== "") return kept;
  const password = randomBytes(24).toString("base64url");
  await replaceFile(path, password);
  return password;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

/** What the operating system refused is told as a problem; a defect of ours stays what it is. */
function unforeseen(cause: unknown, dataDir: string): unknown {
  if (cause instanceof StorageError || errorCode(cause) === undefined) return cause;
  return diagnose([], { postgresDir: dataDir, doing: "Starting PostgreSQL", cause });
}
