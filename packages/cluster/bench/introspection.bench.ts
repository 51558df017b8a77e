/**
 * What drivers and ORMs ask of the catalogs: over the views that clients are given, against PostgreSQL's own tables. Both
 * in one session of the embedded PostgreSQL, in turns, so that the ratio says what the views cost and nothing else.
 *
 *   node packages/cluster/dist/bench/introspection.bench.js [--tables N] [--pairs N]
 */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import pg from "pg";
import { shownCatalogSchema } from "../src/base/index.ts";
import { type Cluster, createCluster } from "../src/index.ts";
import { superuser } from "../src/storage/system-schema/index.ts";

const { values } = parseArgs({
  options: { tables: { type: "string", default: "33" }, pairs: { type: "string", default: "30" } },
});

/** `X.` is the schema. */
const questions: Readonly<Record<string, string>> = {
  "columns, defaults and primary keys of all tables": `
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
      (SELECT true FROM X.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1]))
    FROM X.pg_class c
    JOIN X.pg_namespace n ON n.oid = c.relnamespace
    JOIN X.pg_attribute a ON a.attrelid = c.oid
    LEFT JOIN X.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY 1, a.attnum`,
  "indexes with the names of their columns": `
    SELECT t.relname, i.relname, x.indisprimary, x.indisunique, array_agg(a.attname)
    FROM X.pg_class t
    JOIN X.pg_index x ON t.oid = x.indrelid
    JOIN X.pg_class i ON i.oid = x.indexrelid
    JOIN X.pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (x.indkey)
    JOIN X.pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = 'public'
    GROUP BY 1, 2, 3, 4`,
  "constraints with their definitions": `
    SELECT k.conname, pg_get_constraintdef(k.oid), c.relname
    FROM X.pg_constraint k
    JOIN X.pg_class c ON c.oid = k.conrelid
    JOIN X.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public'`,
  "columns of one table": `
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
    FROM X.pg_attribute a
    WHERE a.attrelid = 'public.made_1'::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attnum`,
};

const table = (number: number): string =>
  `CREATE TABLE public.made_${number} (id int PRIMARY KEY, a text NOT NULL, b int DEFAULT 3, c jsonb, d timestamptz DEFAULT now(),
   e numeric(10,2), f varchar(20) UNIQUE, g boolean, h uuid, i date, parent int REFERENCES public.made_1)`;

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? NaN;

async function measure(client: pg.Client, question: string): Promise<{ tables: number; views: number }> {
  const timeOf = async (schema: string): Promise<number> => {
    const start = performance.now();
    await client.query(question.replaceAll("X.", `${schema}.`));
    return performance.now() - start;
  };
  const tables: number[] = [];
  const views: number[] = [];
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    tables.push(await timeOf("pg_catalog"));
    views.push(await timeOf(shownCatalogSchema));
  }
  return { tables: median(tables), views: median(views) };
}

/** On a Unix socket PostgreSQL is named by the folder, and its port by the file in it. */
function directly({ storageAddress: address }: Cluster): pg.ClientConfig {
  return "path" in address ? { host: dirname(address.path), port: 5432 } : address;
}

const dataDir = join(tmpdir(), `dsql-bench-${randomBytes(6).toString("hex")}`);
const cluster = createCluster({ dataDir });
try {
  await cluster.start();
  const client = new pg.Client({ ...directly(cluster), user: superuser, database: "postgres" });
  await client.connect();
  for (let number = 1; number <= Number(values.tables); number++) await client.query(table(number));
  await client.query("VACUUM ANALYZE");
  console.log(`${values.tables} tables, medians of ${values.pairs} pairs\n`);
  for (const [name, question] of Object.entries(questions)) {
    const { tables, views } = await measure(client, question);
    const ratio = (views / tables).toFixed(1);
    console.log(`${name.padEnd(50)} ${tables.toFixed(2)} ms  ${views.toFixed(2)} ms  ratio ${ratio}`);
  }
  await client.end();
} finally {
  await cluster.stop();
  await rm(dataDir, { recursive: true, force: true });
}
