/**
 * What tools ask of the catalogs: psql, Drizzle Kit, Prisma, TypeORM, Sequelize, Kysely and DBeaver, in our words. As a client
 * asks the cluster, against a plain PostgreSQL with the same tables, in turns.
 *
 *   node packages/cluster/dist/bench/introspection.bench.js [--tables N] [--pairs N]
 */
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import pg from "pg";
import { createCluster, openCertificates } from "../src/index.ts";
import { introspectionQuestions } from "./introspection-questions.ts";
import { startPlainPostgresql } from "./plain-postgresql.ts";

const { values } = parseArgs({
  options: { tables: { type: "string", default: "100" }, pairs: { type: "string", default: "10" } },
});

/** Foreign keys are made after the tables: what is asked is the same whether they are valid yet. */
const table = (number: number): string =>
  `CREATE TABLE public.made_${number} (id int PRIMARY KEY, a text NOT NULL, b int DEFAULT 3, c jsonb, d timestamptz DEFAULT now(),
   e numeric(10,2), f varchar(20) UNIQUE, g boolean, h uuid, i date, parent int REFERENCES public.made_1)`;

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? NaN;

async function timeOf(client: pg.Client, question: string): Promise<number> {
  const start = performance.now();
  await client.query(question);
  return performance.now() - start;
}

async function measure(
  clients: readonly [pg.Client, pg.Client],
  question: string,
): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []];
  for (const client of clients) await timeOf(client, question);
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    times[0].push(await timeOf(clients[0], question));
    times[1].push(await timeOf(clients[1], question));
  }
  return [median(times[0]), median(times[1])];
}

const folder = await mkdtemp(join(tmpdir(), "dsql-bench-"));
await chmod(folder, 0o755);
await mkdir(join(folder, "plain"));
const cluster = createCluster({ dataDir: join(folder, "data") });
const certificates = openCertificates({
  folder: join(folder, "tls"),
  region: "us-east-1",
  nowMs: Date.now(),
});
const plain = await startPlainPostgresql({
  folder: join(folder, "plain"),
  ...certificates,
  connectionsMax: 20,
  fsync: false,
});
try {
  await cluster.start();
  const ssl = { ca: await readFile(cluster.caFile, "utf8"), servername: cluster.endpoint };
  const through = new pg.Client({ ...cluster.connection(), ssl });
  const direct = new pg.Client({
    host: "127.0.0.1",
    port: plain.port,
    user: plain.user,
    database: "postgres",
    ssl: { rejectUnauthorized: false },
  });
  await Promise.all([through.connect(), direct.connect()]);
  for (let number = 1; number <= Number(values.tables); number++) {
    await through.query(table(number));
    await direct.query(table(number));
  }
  // What whoever introspects often is: no superuser, so that privileges are looked at in both.
  await direct.query(
    "CREATE ROLE app; GRANT ALL ON ALL TABLES IN SCHEMA public TO app; ANALYZE; SET ROLE app",
  );
  console.log(
    `${values.tables} tables, medians of ${values.pairs} pairs, ms\n\n| question | cluster | PostgreSQL | ratio |`,
  );
  console.log("| --- | ---: | ---: | ---: |");
  for (const [name, question] of Object.entries(introspectionQuestions)) {
    const [here, there] = await measure([through, direct], question);
    console.log(`| ${name} | ${here.toFixed(1)} | ${there.toFixed(1)} | ${(here / there).toFixed(1)} |`);
  }
  await Promise.all([through.end(), direct.end()]);
} finally {
  await cluster.stop();
  await plain.stop();
  await rm(folder, { recursive: true, force: true });
}
