/**
 * The programs that started us and wait for us: npm (or npx, pnpm, yarn) and the shell it runs a script with.
 *
 * A signal to them means us, but does not reach us: npm passes SIGTERM and SIGINT to its shell alone, which ends without
 * telling anyone, SIGHUP to nobody; `kill -9` cannot be passed on at all. So we look whether they are still there.
 *
 * Only these are watched. A shell that a person types into, systemd, a container's first process and a script that has put
 * us into the background may end at any time without meaning us.
 *
 * Tests: launchers.test.ts, test/signals.test.ts.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { promisify } from "node:util";

/** A process as its system describes it. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Its command line, in words. */
  readonly words: readonly string[];
}

const lookEveryMs = 250;
/** How many processes may stand between us and the first that is no launcher: npm in npm in npm. */
const depthMax = 8;

/**
 * Calls `run` once when a program that waits for us has ended. Does not keep the process alive.
 * @returns what ends the watch
 */
export function onLauncherGone(run: () => void): () => void {
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const parent = process.ppid;
  const watch = async (): Promise<void> => {
    const pids = await launchersOf(parent, factsOf);
    const look = async (): Promise<void> => {
      const facts = await Promise.all(pids.map(factsOf));
      if (isOver) return;
      if (process.ppid === parent && !facts.includes(undefined)) return;
      isOver = true;
      clearInterval(timer);
      run();
    };
    if (isOver || pids.length === 0) return;
    timer = setInterval(() => void look(), lookEveryMs);
    timer.unref();
  };
  if (process.platform !== "win32") void watch();
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

/** The launchers from `parent` upwards; none where our parent has put us into the background, or is none itself. */
export async function launchersOf(
  parent: number,
  find: (pid: number) => Promise<ProcessFacts | undefined>,
): Promise<readonly number[]> {
  const pids: number[] = [];
  let shells: number[] = [];
  for (let pid = parent, depth = 0; pid > 1 && depth < depthMax; depth++) {
    const facts = await find(pid);
    if (facts === undefined) break;
    if (isPackageManager(facts.words)) {
      // A shell counts only where a package manager runs its script.
      pids.push(...shells, pid);
      shells = [];
    } else if (isWaitingShell(facts.words)) shells.push(pid);
    else break;
    pid = facts.parent;
  }
  return pids;
}

/** npm calls itself `npm exec dsql start`; the others are programs that Node runs, with their file as the first argument. */
function isPackageManager(words: readonly string[]): boolean {
  const [program = "", file = ""] = words;
  return (
    /(^|\/)(npm|npx|pnpm|pnpx|yarn|bunx?)$/.test(program) || /(npm|npx|pnpm|yarn)(-cli)?(\.c?js)?$/.test(file)
  );
}

/** `sh -c 'dsql start'`, which waits for what it runs. `dsql start &` and `nohup dsql start &` are meant to stay. */
function isWaitingShell(words: readonly string[]): boolean {
  const [program = "", flag, script = ""] = words;
  const leavesItBehind = /(^|[^&>|])&(?![&>])|\b(nohup|setsid|disown)\b/.test(script);
  return /(^|\/)(sh|dash|bash|zsh|ksh|ash|busybox)$/.test(program) && flag === "-c" && !leavesItBehind;
}

/** @returns undefined where it is gone, or has ended and only waits for its parent to hear of it */
async function factsOf(pid: number): Promise<ProcessFacts | undefined> {
  try {
    return process.platform === "linux" ? await factsFromProc(pid) : await factsFromPs(pid);
  } catch {
    return undefined;
  }
}

/** Source: proc(5). The program's name may hold blanks and parentheses; the fields after it do not. */
async function factsFromProc(pid: number): Promise<ProcessFacts | undefined> {
  const [stat, commandLine] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "utf8"),
    readFile(`/proc/${pid}/cmdline`, "utf8"),
  ]);
  const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === "Z") return undefined;
  const words = commandLine.replace(/\0+$/, "").split("\0");
  return { pid, parent: Number(parent), words: words.length === 1 ? commandLine.split(/[ \0]+/) : words };
}

const execute = promisify(execFile);

async function factsFromPs(pid: number): Promise<ProcessFacts | undefined> {
  const { stdout } = await execute("ps", ["-ww", "-o", "ppid=,stat=,command=", "-p", String(pid)], {
    timeout: 5_000,
  });
  const [, parent, state = "", command = ""] = /^\s*(\d+)\s+(\S+)\s+(.*)$/s.exec(stdout) ?? [];
  if (state.startsWith("Z")) return undefined;
  const [program = "", flag = "", ...rest] = command.trim().split(/\s+/);
  return { pid, parent: Number(parent), words: [program, flag, rest.join(" ")] };
}
