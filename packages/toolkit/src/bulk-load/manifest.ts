/**
 * The manifest: a small file that ties a later call to a load that was cut off. What has been loaded is not in here but
 * in the ledger; the manifest says which ledger, and refuses to go on with another file or another cut into chunks.
 */
import { createHash, randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { UsageError } from "../errors.ts";
import type { Row } from "./records.ts";

export interface Manifest {
  readonly version: 1;
  readonly loadId: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly rowsPerTransaction: number;
  readonly bytesPerTransaction: number;
  /** SHA-256 of the first rows, which tells one file from another. */
  readonly firstRows: string;
  readonly rowsBefore: number | null;
  readonly isComplete: boolean;
}

export type Identity = Pick<
  Manifest,
  "table" | "columns" | "rowsPerTransaction" | "bytesPerTransaction" | "firstRows"
>;

export function newManifest(
  identity: Identity,
  rowsBefore: number | null,
  loadId: string = randomUUID(),
): Manifest {
  return { version: 1, loadId, ...identity, rowsBefore, isComplete: false };
}

/** @returns undefined when there is no such file. @throws {UsageError} it belongs to another load, or to a complete one */
export async function readManifest(file: string, identity: Identity): Promise<Manifest | undefined> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const manifest = parsed(text, file);
  if (manifest.isComplete) {
    throw new UsageError(`${file} belongs to a load that is complete: delete it to load the file once more`);
  }
  for (const field of [
    "table",
    "columns",
    "rowsPerTransaction",
    "bytesPerTransaction",
    "firstRows",
  ] as const) {
    if (JSON.stringify(manifest[field]) !== JSON.stringify(identity[field])) {
      throw new UsageError(`${file} belongs to a load with other ${field}: use the same input and options`);
    }
  }
  return manifest;
}

/** Whole or not at all: the file appears under its name when it is written. */
export async function writeManifest(file: string, manifest: Manifest): Promise<void> {
  const fresh = `${file}.${manifest.loadId}.new`;
  await writeFile(fresh, `${JSON.stringify(manifest, undefined, 2)}\n`);
  await rename(fresh, file);
}

export function hashOf(rows: readonly Row[]): string {
  return createHash("sha256")
    .update(JSON.stringify(rows.map(({ values }) => values)))
    .digest("hex");
}

function parsed(text: string, file: string): Manifest {
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (manifest.version === 1 && typeof manifest.loadId === "string") return manifest;
  } catch {
    // Said below, in the same words.
  }
  throw new UsageError(`${file} is no manifest of a bulk load`);
}
