/**
 * Which process is which. A process id alone proves nothing: the system gives it to another program some time after
 * its owner died. Together with the moment the process began it names one process only.
 */
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { promisify } from "node:util";
import { errorCode } from "../storage-error.ts";

const execute = promisify(execFile);

/** Whether a process with this id exists, ours or another user's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/**
 * A text that is the same for one process at all times and differs for a later one with the same id.
 *
 * Undefined where the process is gone, and on Windows, where asking takes PowerShell half a second.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === "linux") return await linuxProcessStart(pid);
    if (process.platform === "win32") return undefined;
    return (await processColumn(pid, "lstart")) || undefined;
  } catch {
    return undefined;
  }
}

// Field 22 of /proc/<pid>/stat counts clock ticks since boot; the fields before it may hold spaces and parentheses
// in the program's name only, so count from the last closing one. The boot id tells one boot from the next.
// Source: proc(5).
async function linuxProcessStart(pid: number): Promise<string | undefined> {
  const [stat, bootId] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "utf8"),
    readFile("/proc/sys/kernel/random/boot_id", "utf8"),
  ]);
  const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return ticks === undefined ? undefined : `${bootId.trim()}:${ticks}`;
}

/** The ids of all processes that we may see; none on Windows, where PostgreSQL's own programs look after theirs. */
export async function processes(): Promise<readonly number[]> {
  if (process.platform === "win32") return [];
  const names =
    process.platform === "linux"
      ? await readdir("/proc")
      : (await execute("ps", ["-axo", "pid="], { timeout: 5_000 })).stdout.split(/\s+/);
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

/** One column of `ps` for one process, in a fixed language and time zone. */
export async function processColumn(pid: number, column: "lstart" | "command"): Promise<string> {
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  const { stdout } = await execute("ps", ["-ww", "-o", `${column}=`, "-p", String(pid)], {
    env,
    timeout: 5_000,
  });
  return stdout.trim();
}
