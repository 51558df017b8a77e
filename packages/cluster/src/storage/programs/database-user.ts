/**
 * Whom PostgreSQL runs as. It refuses to run as root, so a cluster that root starts runs it as an unprivileged user,
 * and that user must be able to reach the binaries and the data.
 */
import { chmod, chown, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { StorageError, ifPresent } from "../storage-error.ts";

export interface DatabaseUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** In this order: the user made for PostgreSQL, then the one made for programs that own nothing. */
const preferredNames = ["postgres", "nobody"];

/**
 * @param postgresDir - where the data is, or will be; data that is there already names its user
 * @returns undefined where PostgreSQL runs as whoever runs us
 * @throws {StorageError} we are root, and the machine has no user to run PostgreSQL as
 */
export async function databaseUser(postgresDir: string): Promise<DatabaseUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = parsePasswd((await ifPresent(readFile("/etc/passwd", "utf8"))) ?? "");
  const owner = (await ifPresent(stat(postgresDir)))?.uid ?? 0;
  const ofData = owner === 0 ? undefined : users.find(({ uid }) => uid === owner);
  const user =
    ofData ?? preferredNames.map((name) => users.find((each) => each.name === name)).find((each) => each);
  if (user !== undefined) return user;
  throw new StorageError({
    problem: "PostgreSQL refuses to run as root, and this machine has no other user to run it as.",
    remedy: "Start as another user, or create one first: useradd --system postgres",
  });
}

export function parsePasswd(text: string): readonly DatabaseUser[] {
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    if (!name || !uid || !gid || Number(uid) === 0) return [];
    return [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}

/** The permission bits that count for this user: the owner's, the group's or the others'. */
function bitsFor(file: { uid: number; gid: number; mode: number }, user: DatabaseUser): number {
  if (file.uid === user.uid) return (file.mode >> 6) & 7;
  return file.gid === user.gid ? (file.mode >> 3) & 7 : file.mode & 7;
}

const readBit = 4;
const searchBit = 1;

/** Whether the user may pass through this folder and every one above it. */
export async function canReach(folder: string, user: DatabaseUser): Promise<boolean> {
  for (let path = folder; ; path = dirname(path)) {
    if ((bitsFor(await stat(path), user) & searchBit) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

/** Whether the user may read this file, as far as the file's own permissions go. */
export async function canRead(file: string, user: DatabaseUser): Promise<boolean> {
  return (bitsFor(await stat(file), user) & readBit) !== 0;
}

/**
 * Lets the user's group pass through a folder of root's that is closed to everyone else, without showing what is in
 * it. A folder that somebody has opened to a group on purpose stays as it is.
 */
export async function letThrough(folder: string, user: DatabaseUser): Promise<void> {
  const { mode, uid } = await stat(folder);
  if (uid !== 0 || (mode & 0o077) !== 0) return;
  await chown(folder, 0, user.gid);
  await chmod(folder, (mode & 0o700) | 0o010);
}
