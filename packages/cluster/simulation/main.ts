/**
 * `npm run simulate`: random histories against a local cluster, judged by a plain model of snapshot isolation with
 * first-committer-wins. Seed in, verdict out.
 *
 * `rows` runs one statement at a time over many open transactions: the same seed gives the same history. `lists` runs
 * the sessions at once: the seed gives the same statements, but their timing is the machine's.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createCluster } from "../src/index.ts";
import { databaseAt, type OpenSession } from "./database.ts";
import { simulateLists } from "./lists-simulation.ts";
import { type Outcome, planRows, playRows } from "./rows-simulation.ts";
import { shrink } from "./shrink.ts";
import type { Plan } from "./workloads/plan.ts";

const help = `npm run simulate -- [options]

  --seed N           first seed (default: the time)
  --runs N           how many seeds, one after the other (default 20)
  --seconds S        stop beginning new runs after S seconds
  --sessions N       sessions (default 8)
  --steps N          rows: statements a run (default 400); lists: transactions a run
  --workload NAME    rows, lists or both (default both)
  --shrink           rows: look for the shortest part of the history that still fails
  --keep-going       go on with the next seed after a failure
  --tail N           lines of the history to print on failure (default 40)
`;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    runs: { type: "string", default: "20" },
    seconds: { type: "string" },
    sessions: { type: "string", default: "8" },
    steps: { type: "string", default: "400" },
    workload: { type: "string", default: "both" },
    shrink: { type: "boolean", default: false },
    "keep-going": { type: "boolean", default: false },
    tail: { type: "string", default: "40" },
    help: { type: "boolean", default: false },
  },
});

type Workload = "rows" | "lists";

const firstSeed = Number(values.seed ?? Date.now() % 1_000_000);
const sessions = Number(values.sessions);
const steps = Number(values.steps);
const endsAt = values.seconds === undefined ? Infinity : Date.now() + Number(values.seconds) * 1_000;
const workloads: readonly Workload[] = (["rows", "lists"] as const).filter(
  (name) => values.workload === "both" || values.workload === name,
);

if (values.help) console.log(help);
else process.exitCode = await main();

async function main(): Promise<number> {
  const dataDir = await mkdtemp(join(tmpdir(), "dsql-simulation-"));
  const cluster = createCluster({ dataDir: join(dataDir, "data"), port: 0 });
  try {
    await cluster.start();
    return await runAll(databaseAt(() => cluster.connection()));
  } finally {
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
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
  return simulateLists(open, { seed, sessions, transactionsPerSession: Math.ceil(steps / sessions) });
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
