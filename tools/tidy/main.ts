/**
 * Checks on the source tree itself: layers, cycles, front doors, rooms, sizes, words, documents.
 *
 *     node tools/dist/tidy/main.js
 *
 * Prints each finding as `file:line severity message`. Errors make it exit 1; warnings ask a reader to look again.
 */
import path from "node:path";
import { checkCycles } from "./cycles.ts";
import { checkDocuments } from "./documents.ts";
import { checkFrontDoors } from "./front-doors.ts";
import { checkLayers } from "./layers.ts";
import { checkRooms } from "./rooms.ts";
import { checkSizes } from "./sizes.ts";
import { type Finding, readTree, type Tree } from "./tree.ts";
import { checkWords } from "./words.ts";

const checks: readonly ((tree: Tree) => Finding[])[] = [
  checkLayers,
  checkCycles,
  checkFrontDoors,
  checkRooms,
  checkSizes,
  checkWords,
  checkDocuments,
];

function main(): void {
  const tree = readTree(path.resolve(import.meta.dirname, "..", "..", ".."));
  const findings = checks.flatMap((check) => check(tree)).sort(byPlace);
  for (const { file, line, severity, message } of findings) {
    console.log(`${file}${line === undefined ? "" : `:${line}`} ${severity} ${message}`);
  }
  if (findings.some((finding) => finding.severity === "error")) process.exitCode = 1;
}

function byPlace(left: Finding, right: Finding): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return (left.line ?? 0) - (right.line ?? 0);
}

main();
