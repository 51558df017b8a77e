/**
 * `npm run simulate`: random histories against a local cluster, judged by a plain model of snapshot isolation with
 * first-committer-wins. Seed in, verdict out.
 *
 * `rows` runs one statement at a time over many open transactions: the same seed gives the same history. `lists` runs
 * the sessions at once: the seed gives the same statements, but their timing is the machine's. So does `keys`, on tables
 * with unique and foreign keys, beside changes of the catalog.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createCluster, type LogEvent } from "../src/index.ts";
import { databaseAt, type OpenSession } from "./database.ts";
import { simulateKeys } from "./keys-simulation.ts";
import { simulateLists } from "./lists-simulation.ts";
import { type Outcome, planRows, playRows } from "./rows-simulation.ts";
import { shrink } from "./shrink.ts";
import { simulateUntil, type Tally } from "./until.ts";
import type { Plan } from "./workloads/plan.ts";

const help = `npm run simulate -- [options]

  --transactions N   run after run until so many transactions have ended; Ctrl-C ends it with what has been run
  --seed N           first seed (default: the time)
  --runs N           how many seeds, one after the other (default 20)
  --seconds S        stop beginning new runs after S seconds
  --sessions N       sessions (default 8)
  --steps N          rows: statements a run (default 400); lists, keys: transactions a run
  --workload NAME    rows, lists, keys or all (default all)
  --shrink           rows: look for the shortest part of the history that still fails
  --keep-going       go on with the next seed after a failure
  --tail N           lines of the history to print on failure (default 40)
`;

const { values } = parseArgs({
  options: {
    transactions: { type: "string" },
    seed: { type: "string" },
    runs: { type: "string", default: "20" },
    seconds: { type: "string" },
    sessions: { type: "string", default: "8" },
    steps: { type: "string" },
    workload: { type: "string", default: "all" },
    shrink: { type: "boolean", default: false },
    "keep-going": { type: "boolean", default: false },
    tail: { type: "string", default: "40" },
    help: { type: "boolean", default: false },
  },
});

type Workload = "rows" | "lists" | "keys";

const firstSeed = Number(values.seed ?? Date.now() % 1_000_000);
const sessions = Number(values.sessions);
// A million transactions want longer runs: each begins with new tables.
const steps = Number(values.steps ?? (values.transactions === undefined ? 400 : 2_000));
const endsAt = values.seconds === undefined ? Infinity : Date.now() + Number(values.seconds) * 1_000;
const workloads: readonly Workload[] = (["rows", "lists", "keys"] as const).filter((name) =>
  ["all", "both", name].includes(values.workload),
);

if (values.help) console.log(help);
else process.exitCode = await main();

async function main(): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), "dsql-simulation-"));
  const cluster = createCluster({ dataDir: join(dataDir, "data"), port: 0, log: logDefects });
  try {
    await cluster.start();
    const open = databaseAt(() => cluster.connection());
    return values.transactions === undefined
      ? await runAll(open)
      : await runMany(open, Number(values.transactions));
  } finally {
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Progress on a terminal; a line at the end everywhere. */
async function runMany(open: OpenSession, transactions: number): Promise<number> {
  let isOver = false;
  process.once("SIGINT", () => (isOver = true));
  const began = performance.now();
  const show = (tally: Tally): string => {
    const seconds = (performance.now() - began) / 1_000;
    const number = (value: number): string => Math.round(value).toLocaleString("en-US");
    return `${number(tally.transactions)} transactions in ${tally.runs} runs, ${number(tally.committed)} committed, ${number(tally.conflicted)} conflicted, ${number(tally.transactions / seconds)} a second`;
  };
  const tally = await simulateUntil({
    firstSeed,
    transactions,
    workloads,
    simulate: (workload, seed) => simulate(open, workload as Workload, seed),
    isOver: () => isOver || Date.now() >= endsAt,
    onRun: (sofar) => {
      if (process.stdout.isTTY) process.stdout.write(`\r${show(sofar)}   `);
    },
  });
  if (process.stdout.isTTY) process.stdout.write("\n");
  const { failure } = tally;
  if (failure !== undefined) printFailure(failure.workload as Workload, failure.seed, failure.outcome);
  console.log(`${show(tally)}, first seed ${firstSeed}: ${failure === undefined ? "0 failures" : "FAILED"}`);
  return failure === undefined ? 0 : 1;
}

async function runAll(open: OpenSession): Promise<number> {
  let failures = 0;
  for (let seed = firstSeed; seed < firstSeed + Number(values.runs) && Date.now() < endsAt; seed += 1) {
    for (const workload of workloads) {
      process.stdout.write(`seed ${seed} ${workload}: `);
      const outcome = await simulate(open, workload, seed);
      console.log(`${outcome.committed} committed, ${outcome.conflicted} conflicted`);
      if (outcome.problem === undefined) continue;
      failures += 1;
      printFailure(workload, seed, outcome);
      if (outcome.failedAt !== undefined && values.shrink) await printSmallest(open, seed, outcome.failedAt);
      if (!values["keep-going"]) return 1;
    }
  }
  return failures === 0 ? 0 : 1;
}

function simulate(open: OpenSession, workload: Workload, seed: number): Promise<Outcome> {
  if (workload === "rows") return playRows(open, planRows({ seed, sessions, steps }));
  const options = { seed, sessions, transactionsPerSession: Math.ceil(steps / sessions) };
  return workload === "lists" ? simulateLists(open, options) : simulateKeys(open, options);
}

function printFailure(workload: Workload, seed: number, { problem, history }: Outcome): void {
  console.error(`\nThe last of ${history.length} lines of history:`);
  for (const line of history.slice(-Number(values.tail))) console.error(`  ${line}`);
  console.error(`\nseed ${seed}, ${problem ?? ""}`);
  console.error(
    `Again: npm run simulate -- --workload ${workload} --seed ${seed} --runs 1 --sessions ${sessions} --steps ${steps}`,
  );
}

/** Only statements and answers that the failure needs, up to the same statement; the steps have other numbers then. */
async function printSmallest(open: OpenSession, seed: number, failedAt: number): Promise<void> {
  const plan: Plan = planRows({ seed, sessions, steps }).slice(0, failedAt + 1);
  const fails = async (part: Plan): Promise<boolean> => {
    const outcome = await playRows(open, part);
    return outcome.failedAt !== undefined && part[outcome.failedAt] === plan.at(-1);
  };
  const { history, problem } = await playRows(open, await shrink(plan, fails));
  console.error(`\nThe shortest history found that fails, ${history.length} steps:`);
  for (const line of history) console.error(`  ${line}`);
  console.error(`\n${problem ?? "It does not fail every time."}`);
}

/** What the cluster says of its own defects and of what had to be freed belongs to a failure; the rest is no news here. */
function logDefects(event: LogEvent): void {
  if (/defect|assert|internal|overdue|Replaced/i.test(JSON.stringify(event)))
    console.error(JSON.stringify(event));
}
