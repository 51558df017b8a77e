/**
 * Images in the user's cache folder, each under a key that names everything its content depends on.
 *
 * An image is a folder: `files/` and, beside it, `image.json` with the length and the digest of each file. The zeros at the
 * end of a file are left out: of PostgreSQL's write-ahead log, that is most of its 16 MB. A file that nobody
 * has touched since it was last verified is known by its inode, size and times, which takes 10 ms for an image instead
 * of 150; every other one is read and held against its digest.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "../../base/index.ts";
import { openCacheFolder, userCacheFolder } from "../cache-folder.ts";
import { errorCode, ifPresent } from "../storage-error.ts";
import { copyTree, type Owner, treeEntries } from "./copy-tree.ts";

/** Everything that a content depends on; the names are for people who look into the folder. */
export type ImageKey = Readonly<Record<string, string | number>>;

/** Changes with the form of `image.json`, so that another version's images are never looked at. */
const formVersion = 1;

/** Images beyond these, and those not used for so long, are removed when a new one is made. */
const imagesMax = 20;
const unusedDaysMax = 30;
/** What is still unfinished after this long was left by a process that was killed. */
const unfinishedHoursMax = 1;
const dayMs = 24 * 60 * 60 * 1_000;

interface FileFacts {
  /** As PostgreSQL had it. */
  readonly bytes: number;
  /** Of these, what is stored; the rest are zeros. */
  readonly stored: number;
  /** Of what is stored. */
  readonly sha256: string;
}

interface Manifest {
  readonly form: number;
  readonly key: ImageKey;
  /** By path below `files/`; folders have no digest. */
  readonly files: Readonly<Record<string, FileFacts>>;
  readonly folders: readonly string[];
}

/** By path, what a file's inode said when its content was last verified. */
type Stamps = Readonly<Record<string, string>>;

export class ImageCache {
  readonly #folder: string;
  readonly #log: Log;

  constructor(log: Log, folder: string = join(userCacheFolder(), "images")) {
    this.#folder = folder;
    this.#log = log;
  }

  /**
   * Copies the image of a key to a folder that is there and empty.
   *
   * @returns false where there is none that can be used; the folder is then empty again
   */
  async copyTo(key: ImageKey, target: string, owner?: Owner): Promise<boolean> {
    const image = join(this.#folder, nameOf(key));
    try {
      await openCacheFolder(this.#folder, 0o700);
      if ((await ifPresent(lstat(image))) === undefined) return false;
      const manifest = await this.#verified(image, key);
      if (manifest === undefined) {
        this.#log({ event: "image.damaged", image });
        await rm(image, { recursive: true, force: true });
        return false;
      }
      const bytesOf = (path: string): number | undefined => {
        const { bytes, stored } = manifest.files[path] ?? {};
        return bytes === stored ? undefined : bytes;
      };
      await copyTree(join(image, "files"), target, treeEntries(join(image, "files")), { owner, bytesOf });
      const now = new Date();
      await utimes(join(image, "image.json"), now, now); // Says when it was last used.
      this.#log({ event: "image.used", image });
      return true;
    } catch (error) {
      // Another process may be removing it, or the disk be full: making the data anew tells which, if it fails as well.
      this.#log({ event: "image.notUsed", image, reason: String(error) });
      for (const name of await readdir(target))
        await rm(join(target, name), { recursive: true, force: true });
      return false;
    }
  }

  /** Keeps a copy of a complete, stopped data directory. That this fails is logged, and costs nothing but time. */
  async keep(key: ImageKey, source: string): Promise<void> {
    const image = join(this.#folder, nameOf(key));
    const unfinished = `${image}.${randomBytes(6).toString("hex")}.new`;
    try {
      await openCacheFolder(this.#folder, 0o700);
      await mkdir(join(unfinished, "files"), { recursive: true, mode: 0o700 });
      const entries = treeEntries(source);
      const files: Record<string, FileFacts> = {};
      for (const { path, isFolder } of entries) {
        if (isFolder) await mkdir(join(unfinished, "files", path), { mode: 0o700 });
        else files[path] = storeFile(join(source, path), join(unfinished, "files", path));
      }
      const folders = entries.filter(({ isFolder }) => isFolder).map(({ path }) => path);
      const manifest: Manifest = { form: formVersion, key, folders, files };
      await writeFile(join(unfinished, "image.json"), JSON.stringify(manifest), { mode: 0o600 });
      await rename(unfinished, image).catch((error: unknown) => {
        if (!["EEXIST", "ENOTEMPTY"].includes(errorCode(error) ?? "")) throw error;
        return rm(unfinished, { recursive: true, force: true }); // Another process was faster.
      });
      this.#log({ event: "image.kept", image });
      await this.#removeOld();
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
      this.#log({ event: "image.notKept", image, reason: String(error) });
    }
  }

  /** @returns undefined where the image is not what was kept under this key */
  async #verified(image: string, key: ImageKey): Promise<Manifest | undefined> {
    const manifest = parsed<Manifest>(await readFile(join(image, "image.json"), "utf8"));
    if (manifest?.form !== formVersion || JSON.stringify(manifest.key) !== JSON.stringify(key))
      return undefined;
    const folder = join(image, "files");
    const entries = treeEntries(folder);
    const folders = entries.filter(({ isFolder }) => isFolder).map(({ path }) => path);
    const files = entries.filter(({ isFolder }) => !isFolder).map(({ path }) => path);
    if (!sameNames(folders, manifest.folders) || !sameNames(files, Object.keys(manifest.files)))
      return undefined;
    const stampFile = join(image, "verified.json");
    const known = parsed<Stamps>((await ifPresent(readFile(stampFile, "utf8"))) ?? "{}") ?? {};
    const stamps: Record<string, string> = {};
    for (const path of files) {
      const file = join(folder, path);
      stamps[path] = stampOf(file);
      if (known[path] === stamps[path]) continue;
      const content = readFileSync(file);
      const expected = manifest.files[path];
      if (content.length !== expected?.stored || digestOf(content) !== expected.sha256) return undefined;
    }
    if (files.some((path) => known[path] !== stamps[path])) await this.#remember(stampFile, stamps);
    return manifest;
  }

  async #remember(file: string, stamps: Stamps): Promise<void> {
    const beside = `${file}.${randomBytes(6).toString("hex")}.new`;
    await writeFile(beside, JSON.stringify(stamps), { mode: 0o600 });
    await rename(beside, file);
  }

  async #removeOld(): Promise<void> {
    const images = await Promise.all(
      (await readdir(this.#folder)).map(async (name) => {
        const folder = join(this.#folder, name);
        const used = await ifPresent(lstat(name.endsWith(".new") ? folder : join(folder, "image.json")));
        return { folder, isUnfinished: name.endsWith(".new"), ageMs: Date.now() - (used?.mtimeMs ?? 0) };
      }),
    );
    const complete = images.filter(({ isUnfinished }) => !isUnfinished).sort((a, b) => a.ageMs - b.ageMs);
    const old = [
      ...complete.filter(({ ageMs }, rank) => rank >= imagesMax || ageMs > unusedDaysMax * dayMs),
      ...images.filter(
        ({ isUnfinished, ageMs }) => isUnfinished && ageMs > (unfinishedHoursMax * dayMs) / 24,
      ),
    ];
    for (const { folder } of old) await rm(folder, { recursive: true, force: true });
  }
}

function nameOf(key: ImageKey): string {
  return createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 32);
}

function storeFile(from: string, to: string): FileFacts {
  const content = readFileSync(from);
  const stored = content.subarray(0, lengthWithoutZeros(content));
  writeFileSync(to, stored, { mode: 0o600, flag: "wx" });
  return { bytes: content.length, stored: stored.length, sha256: digestOf(stored) };
}

const zeros = Buffer.alloc(8_192);

/** In whole pages: what matters are megabytes. */
function lengthWithoutZeros(content: Buffer): number {
  let length = content.length;
  while (length >= zeros.length && content.subarray(length - zeros.length, length).equals(zeros))
    length -= zeros.length;
  return length;
}

function digestOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Any write, rename or change of owner gives another one; nobody can set the time of an inode's last change. */
function stampOf(file: string): string {
  const { ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(" ");
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return JSON.stringify([...left].sort()) === JSON.stringify([...right].sort());
}

/** @returns undefined for what is no JSON object */
function parsed<Value>(text: string): Value | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Value) : undefined;
  } catch {
    return undefined;
  }
}
