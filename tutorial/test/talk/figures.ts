/**
 * The figures of the talk's loads: those that the talk printed in AWS, and those that the helper printed here.
 *
 * Source of the talk's: "Amazon Aurora DSQL: A developer's perspective" (DAT401), the STATS blocks of its chapters 4 and 6.
 */

export interface Figures {
  /** `Chapter 4`, as the helper's first line names it. */
  readonly load: string;
  readonly calls: string;
  readonly successful: string;
  /** Conflicts that the function reported, or resolved by a retry. */
  readonly conflicts: string;
  readonly callsPerSecond: string;
  readonly p99: string;
}

const none = "-";

/** In the order of the talk: chapter 4 before and after the retry, and chapter 6. */
export const figuresOfTalk: readonly Figures[] = [
  {
    load: "Chapter 4",
    calls: "10,000",
    successful: "93.44%",
    conflicts: "656",
    callsPerSecond: "908",
    p99: none,
  },
  {
    load: "Chapter 4",
    calls: "10,000",
    successful: "100.00%",
    conflicts: "735",
    callsPerSecond: "931",
    p99: none,
  },
  {
    load: "Chapter 6",
    calls: "1,000,000",
    successful: "100.00%",
    conflicts: "6,667",
    callsPerSecond: "4192",
    p99: none,
  },
];

/** @returns what a load printed; undefined for the output of anything else */
export function readFigures(printed: string): Figures | undefined {
  const find = (pattern: RegExp): string | undefined => pattern.exec(printed)?.[1];
  const load = find(/^Testing (Chapter \d): .*Stress Test/m);
  if (load === undefined) return undefined;
  const clientTimes = printed.slice(Math.max(0, printed.indexOf("Client-observed Times:")));
  return {
    load,
    calls: find(/^Total calls: +(\S+)$/m) ?? none,
    successful: find(/^Successful: .*\((\S+)\)$/m) ?? none,
    conflicts: find(/^ *Total retries: +(\S+)$/m) ?? find(/\(40001\): (\S+)$/m) ?? "0",
    callsPerSecond: find(/^Throughput: +(\d+) /m) ?? none,
    p99: /^ *p99: +(\S+)$/m.exec(clientTimes)?.[1] ?? none,
  };
}

const columns = ["load", "calls", "successful", "conflicts", "calls/s", "p99 of the callers"] as const;

/** @returns a table, the talk's figures above those of each load */
export function formatFigures(loads: readonly Figures[]): string {
  const rows = loads.flatMap((here, index) => {
    const talk = figuresOfTalk[index];
    return [...(talk?.load === here.load ? [cells("talk", talk)] : []), cells("here", here)];
  });
  const lines = [["", ...columns], ...rows];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join("\n");
}

function cells(where: string, figures: Figures): string[] {
  const { load, calls, successful, conflicts, callsPerSecond, p99 } = figures;
  return [where, load, calls, successful, conflicts, callsPerSecond, p99];
}
