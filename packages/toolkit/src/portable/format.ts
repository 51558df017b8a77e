/**
 * The format of an export: a folder that any version of this program, psql or a script can read.
 *
 *     export.json               what is in it: this file's `Manifest`
 *     roles.sql                 roles, memberships, the IAM identities that may use them
 *     schema.sql                schemas, domains, sequences, functions, tables, views: each after what it needs
 *     data/001.shop.order.gz    rows, as `COPY … FROM stdin;` up to `\.`, compressed with gzip
 *     after-data.sql            indexes, foreign keys, values of sequences, comments, grants, owners
 *
 * A reader takes the versions that it knows. What is added in a way that an older reader must not pass over raises the version.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError } from "../errors.ts";

export const formatVersion = 1;

export const fileNames = {
  manifest: "export.json",
  roles: "roles.sql",
  schema: "schema.sql",
  data: "data",
  afterData: "after-data.sql",
} as const;

/** What `to_regnamespace` and its like find them by. */
export type ObjectKind = "schema" | "relation" | "function" | "type";

export interface NamedObject {
  readonly kind: ObjectKind;
  /** As SQL names it, with its schema and quotes. */
  readonly name: string;
}

/** A table of an export, and where its rows are. */
export interface ExportedTable {
  readonly schema: string;
  readonly table: string;
  readonly rows: number;
  /** Within the folder; absent where there is no row. */
  readonly file?: string;
}

/** What is in an export, as its `export.json` says it. */
export interface Manifest {
  readonly format: "dsql-export";
  /** Counts the formats, from 1. */
  readonly version: number;
  /** Ties an import that was cut off to its second run. */
  readonly exportId: string;
  /** As ISO 8601 has it. */
  readonly createdAt: string;
  /** All rows are of one snapshot. */
  readonly isConsistent: boolean;
  /** What an import would collide with if it were there already. */
  readonly objects: readonly NamedObject[];
  readonly tables: readonly ExportedTable[];
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeFile(join(folder, fileNames.manifest), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** @throws {UsageError} it is no export, an incomplete one, or of a version that is not known here */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, fileNames.manifest);
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new UsageError(`${folder} is no export, or an incomplete one: ${fileNames.manifest} is missing`, {
      cause,
    });
  });
  const manifest = parsed(text);
  if (manifest?.format !== "dsql-export") throw new UsageError(`${file} is not the manifest of an export`);
  if (manifest.version !== formatVersion) {
    throw new UsageError(
      `${file} is of version ${manifest.version} of the format, and version ${formatVersion} is known here: ` +
        "import it with the version of dsql-local that made it, or a newer one",
    );
  }
  return manifest;
}

function parsed(text: string): Manifest | undefined {
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    return undefined;
  }
}

/** Numbered, because names that differ by case alone are one file on some systems; else only what every system takes. */
export function dataFileName(number: number, { schema, table }: { schema: string; table: string }): string {
  const readable = `${schema}.${table}`.replace(/[^A-Za-z0-9_.]/g, "_").slice(0, 100);
  return `${fileNames.data}/${String(number).padStart(3, "0")}.${readable}.gz`;
}

/** @param statements - without semicolons */
export function asScript(title: string, statements: readonly string[]): string {
  return [`-- ${title}`, ...statements.map((statement) => `${statement.trimEnd()};`), ""].join("\n\n");
}
