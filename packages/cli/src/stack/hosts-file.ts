/**
 * The machine's hosts file, for programs that find a cluster neither by Node's preload nor by libpq's PGHOSTADDR.
 *
 * Our lines carry a mark and the data directory they are for; every other line stays as it is, byte for byte.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { Failure } from "../failure.ts";

export function systemHostsFile(): string {
  if (process.platform !== "win32") return "/etc/hosts";
  return path.join(process.env["SystemRoot"] ?? "C:\\Windows", "System32", "drivers", "etc", "hosts");
}

export function localHostsLine(address: string, names: readonly string[]): string {
  return `${address} ${names.join(" ")}`;
}

const markOf = (dataDir: string): string => `# dsql-local ${dataDir}`;

/** @returns the text without our lines, and with this one at its end where one is given */
export function hostsText(text: string, dataDir: string, line: string | undefined): string {
  const mark = markOf(dataDir);
  const lineEnd = text.includes("\r\n") ? "\r\n" : "\n";
  const others = text
    .split(/(?<=\n)/)
    .filter((each) => !each.trimEnd().endsWith(` ${mark}`))
    .join("");
  if (line === undefined) return others;
  const separator = others === "" || others.endsWith("\n") ? "" : lineEnd;
  return `${others}${separator}${line} ${mark}${lineEnd}`;
}

/** @throws {Failure} it may not be read or written; it is as it was then */
export async function changeHostsFile(
  file: string,
  dataDir: string,
  line: string | undefined,
): Promise<"changed" | "as it was"> {
  try {
    const present = await readFile(file, "utf8");
    const text = hostsText(present, dataDir, line);
    if (text === present) return "as it was";
    // In place: in a container the file is a mount, which cannot be replaced by another.
    await writeFile(file, text);
    return "changed";
  } catch (cause) {
    throw new Failure(`${file} cannot be changed: ${(cause as Error).message}`, {
      remedy:
        line === undefined
          ? `As an administrator, take out the line that ends with "${markOf(dataDir)}".`
          : `As an administrator, add this line to it:\n${line} ${markOf(dataDir)}`,
      cause,
    });
  }
}
