import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Conflict } from "@dsql-local/cluster";
import { Command, Option } from "commander";
import { conflictStory, withoutData } from "../conflict-story.ts";
import { sinceMs } from "../logs/index.ts";
import { dataDirOption, resolveDataDir } from "../options.ts";
import { observationClient, runningStack } from "../stack/index.ts";
import { painter } from "../terminal.ts";

interface ConflictsOptions {
  readonly dataDir: string;
  readonly follow: boolean;
  readonly since: number;
  readonly table?: string;
  readonly values: boolean;
  readonly json: boolean;
}

export function conflictsCommand(): Command {
  return new Command("conflicts")
    .description(
      "Shows the transactions that have lost of late (40001), oldest first: on which row, to whom, with what.\n" +
        "With --follow it stays and shows what comes; Ctrl-C ends it.",
    )
    .addOption(dataDirOption())
    .option("-f, --follow", "stay, and show conflicts as they come", false)
    .addOption(
      new Option("--since <when>", "from when on: 30s, 5m, 2h or 1d ago, or a time such as 2026-11-21T09:30")
        .argParser((text) => sinceMs(text, Date.now()))
        .default(sinceMs("10m", Date.now()), "10m"),
    )
    .option("--table <name>", "only those on this table")
    .option("--no-values", "hide keys of rows and values in statements")
    .option("--json", "print one JSON object per conflict", false)
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql conflicts --since 5m
  $ npx dsql conflicts -f --table account
  $ npx dsql conflicts --json | jq -r '.relation'
`,
    )
    .action(showConflicts);
}

/** How often a follower asks. */
const followMs = 500;

async function showConflicts(options: ConflictsOptions): Promise<void> {
  const ask = observationClient(await runningStack(resolveDataDir(options.dataDir)));
  const ended = new AbortController();
  const end = (): void => {
    ended.abort();
  };
  if (options.follow) process.once("SIGINT", end).once("SIGTERM", end);
  const losses = new Map<string, number>();
  for (let last = 0; ;) {
    const { conflicts } = (await ask("GET", `conflicts?since=${last}`)) as { conflicts: readonly Conflict[] };
    for (const conflict of conflicts) {
      last = conflict.id;
      const times = countLoss(losses, conflict);
      if (isMeant(conflict, options)) show(conflict, times, options);
    }
    if (!options.follow) return;
    await sleep(followMs, undefined, { signal: ended.signal }).catch(() => undefined);
    if (ended.signal.aborted) return;
  }
}

function isMeant({ atMs, relation }: Conflict, { since, table }: ConflictsOptions): boolean {
  return atMs >= since && (table === undefined || relation === table);
}

/** Rows whose losses are counted; the stack itself remembers no more conflicts. */
const rowsMax = 10_000;

/** @returns how often it has been lost on this row so far */
function countLoss(losses: Map<string, number>, { relation, rows }: Conflict): number {
  if (rows === undefined) return 1;
  const row = JSON.stringify([relation, rows]);
  const times = (losses.get(row) ?? 0) + 1;
  if (losses.size >= rowsMax) losses.clear();
  losses.set(row, times);
  return times;
}

function show(conflict: Conflict, times: number, { values, json }: ConflictsOptions): void {
  const shown = values ? conflict : withoutData(conflict);
  const text = json ? JSON.stringify(shown) : conflictStory(shown, times, painter(process.stdout));
  process.stdout.write(`${text}\n`);
}
