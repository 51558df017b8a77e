import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { readLock } from "@dsql-local/cluster/data-dir";
import { Command } from "commander";
import { Failure } from "../failure.ts";
import { dataDirFlag, dataDirOption, resolveDataDir } from "../options.ts";
import { isAlive } from "../process-alive.ts";
import { findStack, type StackState } from "../stack/index.ts";

/** A stop in order ends open sessions and shuts PostgreSQL down; more than this means that something hangs. */
const stopMsMax = 30_000;
const lookEveryMs = 50;

export function stopCommand(): Command {
  return new Command("stop")
    .description(
      "Stops the stack that runs on the data directory and waits until it has ended. The data stays.\n" +
        "When nothing runs there is nothing to do, and that is no error.",
    )
    .addOption(dataDirOption())
    .option("--now", "do not wait for sessions: end everything at once; committed data is safe", false)
    .addHelpText("after", "\nExamples:\n  $ npx dsql stop\n  $ npx dsql stop --data-dir /tmp/trial --now\n")
    .action(stop);
}

async function stop(options: { dataDir: string; now: boolean }): Promise<void> {
  const dataDir = resolveDataDir(options.dataDir);
  const found = await findStack(dataDir);
  if (found.state === "stopped") {
    process.stdout.write(`Nothing runs on ${dataDir}.\n`);
    return;
  }
  const { pid } = found.holder;
  if (!isSurelyOurs(found)) {
    throw new Failure(`process ${pid} holds ${dataDir}, but does not answer as its cluster`, {
      remedy: `See what process ${pid} is. If it is a dsql that hangs, end it by hand.`,
    });
  }
  await endProcess(pid, { isUrgent: options.now, dataDir });
  process.stdout.write(`Stopped (process ${pid}). The data stays in ${dataDir}.\n`);
}

/**
 * A signal must not hit somebody else's program. The lock names the moment at which its process began, where the
 * system can tell it; elsewhere the cluster has to answer.
 */
function isSurelyOurs(found: Exclude<StackState, { state: "stopped" }>): boolean {
  return found.state === "running" || found.holder.processStart !== undefined;
}

/** The process takes the first signal as "in order", the second as "at once". On Windows it ends at the first. */
async function endProcess(pid: number, options: { isUrgent: boolean; dataDir: string }): Promise<void> {
  process.kill(pid, "SIGTERM");
  if (options.isUrgent) {
    // Two signals sent in one instant arrive as one.
    await delay(lookEveryMs);
    // Without its lock it has stopped and is ending: a signal would make that a death by signal.
    if (isAlive(pid) && (await readLock(options.dataDir)) !== undefined) process.kill(pid, "SIGTERM");
  }
  const deadlineMs = performance.now() + stopMsMax;
  while (isAlive(pid)) {
    if (performance.now() > deadlineMs) throw hangs(pid, options);
    await delay(lookEveryMs);
  }
}

function hangs(pid: number, options: { isUrgent: boolean; dataDir: string }): Failure {
  return new Failure(`process ${pid} has not ended after ${stopMsMax / 1000} s`, {
    remedy: options.isUrgent
      ? `End process ${pid} by hand; committed data is safe.`
      : `End everything at once: npx dsql stop --now${dataDirFlag(options.dataDir)}`,
  });
}
