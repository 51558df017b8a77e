/**
 * Unpacks a function's zip into a folder, whole or not at all.
 *
 * Refused: what is not a zip, more than `codeUnzippedBytesMax` or `codeFilesMax`, names that lead out of the folder,
 * symbolic links. Files keep their executable bit.
 *
 * Source: PKWARE APPNOTE.TXT 4.3.12, "Central directory structure".
 */

import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { unzip, type Unzipped } from "fflate";
import { invalidParameter } from "./errors.ts";
import { codeFilesMax, codeUnzippedBytesMax } from "./limits.ts";

const endOfDirectory = 0x06054b50;
const endOfDirectoryBytes = 22;
const commentBytesMax = 0xffff;
const entryHeader = 0x02014b50;
const entryHeaderBytes = 46;

const fileTypeMask = 0o170000;
const symbolicLink = 0o120000;
const ownerMayExecute = 0o100;
const madeOnUnix = 3;

interface Entry {
  readonly name: string;
  readonly unzippedBytes: number;
  /** As on Unix, where the zip was made there; 0 elsewhere. */
  readonly mode: number;
}

/** @throws {ServiceError} InvalidParameterValueException that says what is wrong with the zip */
export async function unpackZip(zip: Uint8Array, folder: string): Promise<void> {
  const entries = readDirectory(Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength));
  checkEntries(entries);
  const files = await inflate(zip);
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const modes = new Map(entries.map((entry) => [entry.name, entry.mode]));
  for (const [name, bytes] of Object.entries(files))
    writeEntry(join(draft, name), name, bytes, modes.get(name) ?? 0);
  rmSync(folder, { recursive: true, force: true });
  renameSync(draft, folder);
}

function writeEntry(path: string, name: string, bytes: Uint8Array, mode: number): void {
  if (name.endsWith("/")) {
    mkdirSync(path, { recursive: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  if ((mode & ownerMayExecute) !== 0) chmodSync(path, 0o755);
}

function readDirectory(zip: Buffer): Entry[] {
  const end = findEndOfDirectory(zip);
  if (end === undefined) throw notAZip();
  const count = zip.readUInt16LE(end + 10);
  const entries: Entry[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (at + entryHeaderBytes > zip.length || zip.readUInt32LE(at) !== entryHeader) throw notAZip();
    const nameBytes = zip.readUInt16LE(at + 28);
    const isUnix = zip.readUInt8(at + 5) === madeOnUnix;
    entries.push({
      name: zip.toString("utf8", at + entryHeaderBytes, at + entryHeaderBytes + nameBytes),
      unzippedBytes: zip.readUInt32LE(at + 24),
      mode: isUnix ? zip.readUInt32LE(at + 38) >>> 16 : 0,
    });
    at += entryHeaderBytes + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return entries;
}

function findEndOfDirectory(zip: Buffer): number | undefined {
  const first = Math.max(0, zip.length - endOfDirectoryBytes - commentBytesMax);
  for (let at = zip.length - endOfDirectoryBytes; at >= first; at -= 1) {
    if (zip.readUInt32LE(at) === endOfDirectory) return at;
  }
  return undefined;
}

function checkEntries(entries: readonly Entry[]): void {
  if (entries.length === 0) throw invalidParameter("Uploaded file must be a non-empty zip");
  if (entries.length > codeFilesMax) throw invalidParameter(`The zip has more than ${codeFilesMax} files`);
  const bytes = entries.reduce((sum, entry) => sum + entry.unzippedBytes, 0);
  if (bytes > codeUnzippedBytesMax) {
    throw invalidParameter(`Unzipped size must be smaller than ${codeUnzippedBytesMax} bytes`);
  }
  for (const { name, mode } of entries) {
    if (leadsOut(name))
      throw invalidParameter(`The zip has a file whose name leads out of its folder: ${name}`);
    if ((mode & fileTypeMask) === symbolicLink)
      throw invalidParameter(`The zip has a symbolic link: ${name}`);
  }
}

function leadsOut(name: string): boolean {
  return name === "" || /^[/\\]|^[A-Za-z]:|\0/.test(name) || name.split(/[/\\]/).includes("..");
}

/** Names and sizes are checked again on what is really inflated: the two lists of a zip need not agree. */
function inflate(zip: Uint8Array): Promise<Unzipped> {
  let bytes = 0;
  return new Promise((resolve, reject) => {
    const filter = (file: { name: string; originalSize: number }): boolean => {
      bytes += file.originalSize;
      return bytes <= codeUnzippedBytesMax && !leadsOut(file.name);
    };
    unzip(zip, { filter }, (error, files) => {
      if (error === null) resolve(files);
      else reject(notAZip(error));
    });
  });
}

function notAZip(cause?: unknown): Error {
  return invalidParameter(
    "Could not unzip uploaded file. Please check your file, then try to upload again.",
    cause,
  );
}
