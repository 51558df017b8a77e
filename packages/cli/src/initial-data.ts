/**
 * Initial data: what migrations and a seed make of an empty cluster, and the key of the image in which it is kept.
 *
 * Always true
 * - The key names everything that the data depend on: each file's name and content, the seed, this program's version, the Region and the
 *   rules. Files that are changed while they are applied leave no image.
 * - An image that is damaged, missing or cannot be kept costs time and nothing else: the data are made anew.
 *
 * Tests: test/initial-data.test.ts.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { ClusterData } from "@dsql-local/cluster";
import type { DsqlPoolOptions } from "dsql-toolkit";
import type { ClientConfig } from "pg";
import type { ServiceOptions } from "./service-options.ts";

/** The seed of a cluster cannot be read, is not known by its text, or fails; the cause says why. */
export class InitialDataError extends Error {
  override readonly name = "InitialDataError";
}

/** What of a cluster the making needs. */
interface Reachable {
  connection(): ClientConfig;
  poolOptions(): DsqlPoolOptions;
}

interface Options<Cluster> extends Pick<ServiceOptions, "rules" | "limits" | "oc001"> {
  readonly migrations?: string;
  readonly seed?: string | ((cluster: Cluster) => Promise<void>);
  readonly seedKey?: string;
  readonly region?: string;
}

type ImageKey = Readonly<Record<string, string>>;

export class InitialData<Cluster extends Reachable> {
  readonly key: ImageKey;
  readonly #options: Options<Cluster>;

  private constructor(options: Options<Cluster>) {
    this.#options = options;
    this.key = keyOf(options);
  }

  /**
   * @returns undefined where neither migrations nor a seed are asked for
   * @throws {InitialDataError} they cannot be read, or a function's text does not say what it does
   */
  static of<Cluster extends Reachable>(options: Options<Cluster>): InitialData<Cluster> | undefined {
    if (options.migrations === undefined && options.seed === undefined) return undefined;
    return new InitialData(options);
  }

  /** Makes the data, unless they have begun as a copy of their image, and keeps the image. */
  async make(cluster: Cluster, data: Pick<ClusterData, "isFromImage" | "keepImage">): Promise<void> {
    if (data.isFromImage) return;
    const { migrations, seed } = this.#options;
    if (migrations !== undefined) await migrate(cluster, migrations);
    if (seed !== undefined) await runSeed(cluster, seed);
    // A file that was changed after the key was made may be in the data with its new content.
    if (JSON.stringify(keyOf(this.#options)) === JSON.stringify(this.key)) await data.keepImage();
  }
}

type KeyParts = Omit<Options<never>, "seed"> & { readonly seed?: string | object };

function keyOf({ migrations, seed, seedKey, region, rules, limits, oc001 }: KeyParts): ImageKey {
  return {
    program: programVersion(),
    migrations: migrations === undefined ? "" : digestOfFolder(migrations),
    seed: seed === undefined ? "" : digestOfSeed(seed, seedKey),
    seedKey: seedKey ?? "",
    service: JSON.stringify({ region, rules, limits, oc001 }),
  };
}

function programVersion(): string {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Names and contents of all files, whichever tool wrote them; links are followed, as the tools do. */
function digestOfFolder(folder: string): string {
  const hash = createHash("sha256");
  const visit = (below: string): void => {
    for (const name of readdirSync(path.join(folder, below)).sort()) {
      const file = path.join(below, name);
      if (statSync(path.join(folder, file)).isDirectory()) visit(file);
      else hash.update(JSON.stringify([file, digestOf(readFileSync(path.join(folder, file)))]));
    }
  };
  try {
    visit("");
  } catch (cause) {
    throw new InitialDataError(`the migrations in ${folder} cannot be read`, { cause });
  }
  return hash.digest("hex");
}

function digestOfSeed(seed: string | object, seedKey: string | undefined): string {
  if (typeof seed === "string") {
    try {
      return digestOf(readFileSync(seed));
    } catch (cause) {
      throw new InitialDataError(`the seed ${seed} cannot be read`, { cause });
    }
  }
  const text = Function.prototype.toString.call(seed);
  if (seedKey === undefined && /\{\s*\[native code\]\s*\}\s*$/.test(text))
    throw new InitialDataError("the text of this seed does not say what it does: give it a seedKey");
  return digestOf(text);
}

function digestOf(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

async function migrate(cluster: Reachable, folder: string): Promise<void> {
  // Loaded where data are made: a start from an image needs none of it.
  const [{ migrateUp }, { createPool }] = await Promise.all([
    import("dsql-toolkit/migrate"),
    import("dsql-toolkit"),
  ]);
  const pool = createPool(cluster.poolOptions());
  try {
    await migrateUp(pool, { folder });
  } finally {
    await pool.end();
  }
}

async function runSeed<Cluster extends Reachable>(
  cluster: Cluster,
  seed: NonNullable<Options<Cluster>["seed"]>,
): Promise<void> {
  const name = typeof seed === "string" ? `the seed ${seed}` : "the seed";
  try {
    if (typeof seed === "string") await runFile(cluster, seed);
    else await seed(cluster);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InitialDataError(`${name} failed: ${reason}`, { cause });
  }
}

/** Each statement is a transaction of its own unless the file says BEGIN; the first error ends it. */
async function runFile(cluster: Reachable, file: string): Promise<void> {
  const [{ splitStatements }, { default: pg }] = await Promise.all([import("@dsql-local/sql"), import("pg")]);
  const statements = splitStatements(await readFile(file, "utf8"));
  const client = new pg.Client(cluster.connection());
  await client.connect();
  try {
    for (const { text } of statements) await client.query(text);
  } finally {
    await client.end();
  }
}
