/** What several commands take, with the same words and the same checks. */
import { statSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { InvalidArgumentError, Option } from "commander";

const dataDirName = ".dsql";

/** `.dsql` here or in the nearest folder above that has one, as git finds its own; `.dsql` here where none has. */
function defaultDataDir(): string {
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    const found = path.join(folder, dataDirName);
    if (isDataDir(found)) return folder === process.cwd() ? dataDirName : found;
    if (folder === path.dirname(folder)) return dataDirName;
  }
}

/** One of somebody else's, in a folder above that others may write to, must not become ours by being found. */
function isDataDir(folder: string): boolean {
  const file = statSync(path.join(folder, "cluster.json"), { throwIfNoEntry: false });
  return file !== undefined && (process.getuid === undefined || file.uid === process.getuid());
}

/** `--data-dir`, or DSQL_DATA_DIR, or the `.dsql` that is found. */
export function dataDirOption(): Option {
  return new Option("--data-dir <dir>", "where the cluster keeps everything")
    .env("DSQL_DATA_DIR")
    .default(defaultDataDir(), "./.dsql, or the nearest above")
    .argParser(nonEmpty);
}

/** `--cluster`, or DSQL_CLUSTER; absent for the oldest one. */
export function clusterOption(): Option {
  return new Option(
    "--cluster <cluster>",
    "which one: an id or its beginning, an endpoint, an ARN or a Region (default: the oldest)",
  )
    .env("DSQL_CLUSTER")
    .argParser(nonEmpty);
}

export function resolveDataDir(dataDir: string): string {
  return path.resolve(process.cwd(), dataDir);
}

/** ` --data-dir x` for the commands we suggest, when it is not the one they would find by themselves. */
export function dataDirFlag(dataDir: string): string {
  if (dataDir === resolveDataDir(process.env["DSQL_DATA_DIR"] ?? defaultDataDir())) return "";
  const shown = path.relative(process.cwd(), dataDir);
  const shorter = shown.startsWith("..") ? dataDir : shown;
  return ` --data-dir ${/^[\w./\\:-]+$/.test(shorter) ? shorter : JSON.stringify(shorter)}`;
}

export function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port > 65_535) throw new InvalidArgumentError("A port is a number from 0 to 65535.");
  return port;
}

/** AWS bounds the life of a presigned URL, and with it of a token, to a week. */
export function tokenSeconds(text: string): number {
  const seconds = wholeNumber(text);
  if (seconds < 1 || seconds > 604_800) {
    throw new InvalidArgumentError("A token lives from 1 to 604800 seconds (one week).");
  }
  return seconds;
}

export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError("It must be at least 1.");
  return value;
}

export function regionName(text: string): string {
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(text)) throw new InvalidArgumentError("A region looks like us-east-1.");
  return text;
}

/** `a,b,c` */
export function names(text: string): string[] {
  const found = text.split(",").map((name) => name.trim());
  if (found.includes("")) throw new InvalidArgumentError("Names are separated by single commas.");
  return found;
}

export function nonEmpty(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  return text;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
