/** An export as one file: the folder in a tar archive, whose rows are compressed already. */
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rename, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { exitCodes, Failure, textOf } from "../failure.ts";

export function isArchive(file: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/i.test(file);
}

/**
 * Has a folder written, and puts it into an archive that appears under its name when it is whole.
 * @throws {Failure} there is such a file already
 */
export async function writeArchive<Result>(
  file: string,
  write: (folder: string) => Promise<Result>,
): Promise<Result> {
  if (existsSync(file)) {
    throw new Failure(`${file} is there already`, {
      remedy: "Name another, or remove it.",
      exitCode: exitCodes.usage,
    });
  }
  const folder = `${file}.${randomUUID().slice(0, 8)}.partial`;
  const packed = `${folder}.tar`;
  try {
    const result = await write(folder);
    const { create } = await import("tar");
    // Without owner and times of this machine, which nobody needs.
    await create({ file: packed, cwd: folder, portable: true, gzip: !/\.tar$/i.test(file) }, ["."]);
    // Rows are nobody else's to read.
    await chmod(packed, 0o600);
    await rename(packed, file);
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(packed, { force: true });
  }
}

/** Unpacks an archive for as long as it is read. */
export async function readArchive<Result>(
  file: string,
  read: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "dsql-import-"));
  try {
    const { extract } = await import("tar");
    await extract({ file, cwd: folder, strict: true }).catch((cause: unknown) => {
      throw new Failure(`${file} is no archive of dsql export, or a damaged one: ${textOf(cause)}`, {
        remedy: "Nothing was imported. Copy it anew, or export again.",
        cause,
      });
    });
    return await read(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
