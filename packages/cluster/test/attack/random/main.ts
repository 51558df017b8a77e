/**
 * `npm run attack -- --minutes 10`: random attacks on a cluster, round after round, for as long as one likes. Each round has a seed:
 * fuzzed connections beside a client that behaves, PostgreSQL killed while clients commit, and a history of the simulation.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import pg from "pg";
import { type Cluster, createCluster } from "../../../src/index.ts";
import { seededRandom, type SeededRandom } from "../../../simulation/seeded-random.ts";
import { attackOnce } from "./fuzz.ts";
import { type KillTally, killWhileCommitting } from "./kills.ts";

const help = `npm run attack -- [options]

  --minutes N   how long (default 1); the round under way is finished; Ctrl-C ends it after the round
  --seed N      of the first round (default: the time); a round's seed is printed with it
`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const connectionsPerRound = 200;
const atOnce = 10;
const killsPerRound = 3;
const answerMsMax = 30_000;
const unlimited = { burst: 1_000_000, perSecond: 1_000_000 };

if (values.help) console.log(help);
else process.exitCode = await main();

async function main(): Promise<number> {
  const endsAt = performance.now() + Number(values.minutes) * 60_000;
  let isOver = false;
  process.once("SIGINT", () => (isOver = true));
  const sum = { rounds: 0, connections: 0, kills: 0, acknowledged: 0 };
  try {
    let seed = Number(values.seed ?? Date.now() % 1_000_000);
    do {
      process.stdout.write(`seed ${seed}: `);
      const killed = await attackCluster(seed);
      await simulate(seed);
      sum.rounds += 1;
      sum.connections += connectionsPerRound;
      sum.kills += killed.kills;
      sum.acknowledged += killed.acknowledged;
      console.log(
        `${connectionsPerRound} fuzzed connections, ${killed.kills} kills with ${killed.acknowledged} acknowledged commits, simulation`,
      );
      seed += 1;
    } while (!isOver && performance.now() < endsAt);
    console.log(
      `${sum.rounds} rounds: ${sum.connections} fuzzed connections, ${sum.kills} kills, ${sum.acknowledged} acknowledged commits; 0 failed`,
    );
    return 0;
  } catch (error) {
    console.error(`FAILED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return 1;
  }
}

/** Each round has a cluster of its own: one gives its PostgreSQL up after five ends in a row. */
async function attackCluster(seed: number): Promise<KillTally> {
  const folder = await mkdtemp(join(tmpdir(), "dsql-attack-"));
  const dataDir = join(folder, "data");
  const cluster = createCluster({ dataDir, port: 0, connectionRate: unlimited });
  try {
    await cluster.start();
    await fuzz(cluster, seededRandom(seed));
    return await killWhileCommitting(cluster, dataDir, { kills: killsPerRound, round: seed });
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws {Error} the client that behaves is not served in time */
async function fuzz(cluster: Cluster, random: SeededRandom): Promise<void> {
  const client = new pg.Client({ ...cluster.connection(), query_timeout: answerMsMax });
  await client.connect();
  try {
    for (let done = 0; done < connectionsPerRound; done += atOnce) {
      const attacks = Array.from({ length: atOnce }, () => attackOnce(cluster, random));
      await client.query("SELECT 1");
      await Promise.all(attacks);
    }
  } finally {
    await client.end();
  }
}

/** In a process of its own, with the seed of the round. */
async function simulate(seed: number): Promise<void> {
  const program = fileURLToPath(new URL("../../../simulation/main.js", import.meta.url));
  const child = spawn(process.execPath, [program, "--seed", String(seed), "--runs", "1"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`the simulation failed with seed ${seed}`);
}
