/** `npm run talk`: the whole talk at full size, shown as it happens, and a report of how long each part took. */
import process from "node:process";
import { type BlockReport, runTalk } from "./run-talk.ts";

const startedAt = performance.now();
const reports = await runTalk({
  isFullSize: !process.argv.includes("--short"),
  onOutput: (text) => process.stdout.write(text),
  onBlock: announce,
});
report(reports);

function announce({ block, skipped }: BlockReport): void {
  if (skipped !== undefined) process.stdout.write(`\n(${skipped}: README.md:${block.line})\n`);
}

function report(all: readonly BlockReport[]): void {
  const shown = all.filter(({ block }) => !["edit", "file", "output"].includes(block.kind));
  const lines = shown.map(({ block, elapsedMs, skipped }) => {
    const time = skipped === undefined ? `${(elapsedMs / 1_000).toFixed(1)} s` : "-";
    const [command = ""] = block.text.split("\n").slice(-1);
    return `  ${block.chapter.padEnd(12)} ${time.padStart(9)}  ${command}`;
  });
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
  process.stdout.write(`\nThe talk, command by command:\n\n${lines.join("\n")}\n\n`);
  process.stdout.write(
    `${all.length} code blocks in ${minutes} min: every command and every file as the text says\n`,
  );
}
