/** Where what can be made again is kept between runs: programs, initialised data. */
import { lstat, mkdir } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** This user's own: `$XDG_CACHE_HOME/dsql-local`, or where the system keeps caches. */
export function userCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (process.platform === "win32")
    return join(environment["LOCALAPPDATA"] ?? tmpdir(), "dsql-local", "cache");
  const chosen = environment["XDG_CACHE_HOME"];
  // The specification ignores a relative path. Source: XDG Base Directory Specification, "Basics".
  if (chosen?.startsWith("/") === true) return join(chosen, "dsql-local");
  const caches =
    process.platform === "darwin" ? join(homedir(), "Library", "Caches") : join(homedir(), ".cache");
  return join(caches, "dsql-local");
}

/** Makes the folder where there is none. @throws {Error} it cannot be made, or others could change what is in it */
export async function openCacheFolder(folder: string, mode: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode });
  await refuseForeign(folder);
}

/** What lies here is run, so nobody else may have made the folder or be able to change it. */
async function refuseForeign(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const { uid, mode } = await lstat(folder);
  if (uid === process.getuid?.() && (mode & 0o022) === 0) return;
  throw new Error(`${folder} belongs to another user or can be changed by one`);
}
