/**
 * The folder of migrations: which tool has written it, which files it holds and in which order.
 *
 * - `sql`: `<digits>_<name>.sql`, in the order of the digits. Other files than `*.sql` are left alone.
 * - `drizzle`: what drizzle-kit writes, told by `meta/_journal.json`, which also says the order.
 * - `prisma`: `<digits>_<name>/migration.sql`, told by `migration_lock.toml` or by such files.
 *
 * Tests: folder.test.ts.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { MigrationError } from "./errors.ts";
import type { FolderFormat, MigrationFile } from "./types.ts";

export interface MigrationFolder {
  readonly format: FolderFormat;
  /** In the order in which they are applied. */
  readonly migrations: readonly MigrationFile[];
}

const sqlName = /^(\d+)_[\w-]+\.sql$/;

/** @throws {MigrationError} folder: it is not there, a name has no number, or two have the same */
export async function readFolder(folder: string): Promise<MigrationFolder> {
  const entries = await entriesOf(folder);
  if (entries.includes("meta")) {
    const journal = await readIfThere(path.join(folder, "meta", "_journal.json"));
    if (journal !== undefined) return { format: "drizzle", migrations: await drizzleFiles(folder, journal) };
  }
  const prisma = await prismaFiles(folder, entries);
  if (entries.includes("migration_lock.toml") || prisma.length > 0) {
    return { format: "prisma", migrations: prisma };
  }
  return { format: "sql", migrations: await sqlFiles(folder, entries) };
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    const remedy = "Make the first migration with dsql migrate new <name>, or name the folder with --dir.";
    throw new MigrationError("folder", `there is no folder ${folder}`, { remedy, cause });
  }
}

async function sqlFiles(folder: string, entries: readonly string[]): Promise<MigrationFile[]> {
  const names = entries.filter((entry) => entry.endsWith(".sql"));
  const numbered = names.map((name) => ({ name, number: numberOf(name) }));
  numbered.sort((left, right) => (left.number < right.number ? -1 : left.number > right.number ? 1 : 0));
  for (const [index, { name, number }] of numbered.entries()) {
    const before = numbered[index - 1];
    if (before?.number !== number) continue;
    throw new MigrationError("folder", `${before.name} and ${name} have the same number`, {
      remedy: "The number says the order: give the later one a higher number.",
    });
  }
  return await Promise.all(
    numbered.map(({ name }) => readMigration(name.slice(0, -".sql".length), path.join(folder, name))),
  );
}

function numberOf(name: string): bigint {
  const digits = sqlName.exec(name)?.[1];
  if (digits !== undefined) return BigInt(digits);
  throw new MigrationError("folder", `${name} is not named as a migration`, {
    remedy: "Name it <number>_<name>.sql, as 20261121093000_owner.sql, or move it out of the folder.",
  });
}

interface JournalEntry {
  readonly idx: number;
  readonly when: number;
  readonly tag: string;
}

async function drizzleFiles(folder: string, journal: string): Promise<MigrationFile[]> {
  const entries = journalEntries(journal, path.join(folder, "meta", "_journal.json"));
  const ordered = [...entries].sort((left, right) => left.idx - right.idx);
  return await Promise.all(
    ordered.map(async ({ tag, when }) => ({
      ...(await readMigration(tag, path.join(folder, `${tag}.sql`))),
      madeAtMs: when,
    })),
  );
}

function journalEntries(journal: string, file: string): readonly JournalEntry[] {
  try {
    const { entries } = JSON.parse(journal) as { entries?: unknown };
    const isEntry = (entry: Partial<JournalEntry>): boolean =>
      typeof entry.idx === "number" && typeof entry.when === "number" && /^[\w-]+$/.test(entry.tag ?? "");
    if (Array.isArray(entries) && (entries as Partial<JournalEntry>[]).every(isEntry))
      return entries as JournalEntry[];
  } catch {
    // Not JSON: the same to the reader as JSON of another shape.
  }
  throw new MigrationError("folder", `${file} is not a journal of drizzle-kit`, {
    remedy: "Restore the file from version control, or make the folder anew with drizzle-kit generate.",
  });
}

async function prismaFiles(folder: string, entries: readonly string[]): Promise<MigrationFile[]> {
  const found = await Promise.all(
    entries.map(async (id) => {
      const file = path.join(folder, id, "migration.sql");
      const text = await readIfThere(file);
      return text === undefined ? [] : [migrationOf(id, file, text)];
    }),
  );
  return found.flat();
}

async function readMigration(id: string, file: string): Promise<MigrationFile> {
  const text = await readIfThere(file);
  if (text !== undefined) return migrationOf(id, file, text);
  throw new MigrationError("folder", `there is no file ${file}`, {
    remedy: "Restore it from version control: the order of migrations names it.",
  });
}

function migrationOf(id: string, file: string, text: string): MigrationFile {
  return { id, file, text, checksum: createHash("sha256").update(text).digest("hex") };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
    throw error;
  }
}

const template = `-- Each statement runs in a transaction of its own; those that change rows between BEGIN and COMMIT run together.
-- dsql migrate plan shows what will run.

`;

/**
 * Writes an empty migration whose number is the time in UTC.
 *
 * @param name - words: `add owner`
 * @returns the path of the file
 * @throws {MigrationError} folder: another tool keeps the folder, or the name has nothing to name a file with
 */
export async function newMigration(folder: string, name: string, now = new Date()): Promise<string> {
  const words = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  if (words === "") {
    throw new MigrationError("folder", "a migration is named with letters or digits", {
      remedy: 'Say what it does: dsql migrate new "add owner".',
    });
  }
  await mkdir(folder, { recursive: true });
  const { format } = await readFolder(folder);
  if (format !== "sql") {
    const maker = format === "drizzle" ? "npx drizzle-kit generate" : "npx prisma migrate dev --create-only";
    throw new MigrationError("folder", `the folder ${folder} is kept by ${format}`, {
      remedy: `Make the migration with ${maker}; dsql migrate up runs it.`,
    });
  }
  const digits = now.toISOString().replace(/\D/g, "").slice(0, 14);
  const file = path.join(folder, `${digits}_${words}.sql`);
  await writeFile(file, template, { flag: "wx" });
  return file;
}
