/** The chapters as folders of files: what a reader who copies one gets. */
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

/** From the starting point to the end, each a complete project; the last two are those of the appendix. */
export const chapters = [
  "starter-kit",
  "ch01",
  "ch02",
  "ch03",
  "ch04",
  "ch05",
  "ch06",
  "ch06-one-statement",
  "ch06-pipelined",
] as const;
export type Chapter = (typeof chapters)[number];

/** The folder `tutorial`: this file runs as `tutorial/dist/test/chapter-files.js`. */
export const tutorialDir = path.resolve(import.meta.dirname, "..", "..");

/** Paths relative to the chapter, with forward slashes, to texts. */
export type Files = ReadonlyMap<string, string>;

/** What tools leave behind. */
const notOurs = new Set(["node_modules", "cdk.out", "dist"]);

export function readChapter(chapter: Chapter): Files {
  return readFolder(path.join(tutorialDir, chapter));
}

export function readFolder(folder: string, below = ""): Files {
  const entries = readdirSync(path.join(folder, below), { withFileTypes: true })
    .filter((entry) => !notOurs.has(entry.name))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  return new Map(
    entries.flatMap((entry): [string, string][] => {
      const file = path.posix.join(below, entry.name);
      if (entry.isDirectory()) return [...readFolder(folder, file)];
      return [[file, readFileSync(path.join(folder, file), "utf8")]];
    }),
  );
}

/** @returns files that only one of the two has, or that differ */
export function changedFiles(before: Files, after: Files): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}
