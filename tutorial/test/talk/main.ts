/**
 * `npm run talk`: the whole talk at full size, shown as it happens, and a report of its figures and of how long each part took.
 *
 *     npm run talk -- [--short] [--invocations <number>] [--parallel <number>]
 *
 * At full size chapter 6 makes a million calls. `--short` is what `npm test` does; the numbers give any size in between.
 */
import os from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Figures, formatFigures, readFigures } from "./figures.ts";
import { type BlockReport, runTalk } from "./run-talk.ts";

/** With the columns before it a line of 110. */
const nameCharactersMax = 78;

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    invocations: { type: "string" },
    parallel: { type: "string" },
  },
});
const startedAt = performance.now();
const reports = await runTalk({
  isFullSize: !values.short,
  invocations: positive("invocations"),
  parallel: positive("parallel"),
  onOutput: (text) => process.stdout.write(text),
  onBlock: announce,
});
report(reports);

function positive(name: "invocations" | "parallel"): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new RangeError(`--${name} must be a whole number greater than 0`);
  return Number(text);
}

function announce({ block, skipped }: BlockReport): void {
  if (skipped !== undefined) process.stdout.write(`\n(${skipped}: README.md:${block.line})\n`);
}

/** A statement is known by its beginning; of several commands the last is the one that takes its time. */
function nameOf({ kind, text }: BlockReport["block"]): string {
  const lines = text.replaceAll(/\s*\\\n\s*/g, " ").split("\n");
  const name = (kind === "sql" ? lines[0] : lines.at(-1)) ?? "";
  return name.length > nameCharactersMax ? `${name.slice(0, nameCharactersMax - 1)}…` : name;
}

function report(all: readonly BlockReport[]): void {
  const ran = all.filter(({ block }) => !["edit", "file", "output"].includes(block.kind));
  const lines = ran.map(({ block, elapsedMs, skipped }) => {
    const time = skipped === undefined ? `${(elapsedMs / 1_000).toFixed(1)} s` : "-";
    return `  ${block.chapter.padEnd(18)} ${time.padStart(9)}  ${nameOf(block)}`;
  });
  const loads = ran.map(({ printed }) => readFigures(printed)).filter((found): found is Figures => !!found);
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  const [cpu] = os.cpus();
  process.stdout.write(
    [
      "\nThe talk, command by command:",
      lines.join("\n"),
      "Its loads, in AWS and here:",
      formatFigures(loads),
      `${os.cpus().length} CPUs (${cpu?.model ?? "unknown"}), Node ${process.version}`,
      `${all.length} code blocks in ${minutes} min: every command and every file as the text says`,
    ].join("\n\n") + "\n",
  );
}
