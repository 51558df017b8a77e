/** What whoever looks at a failed run wants first: which tests, how to run their files again, and where the time went. */
export type TestRecord =
  | { readonly kind: "file"; readonly file: string; readonly ms: number }
  | { readonly kind: "failure"; readonly file: string; readonly test: string; readonly ms: number };

const slowestFiles = 10;

/**
 * @param sourceOf - the path that people know, of a path in a record
 * @returns lines for people: the slowest files where there are many, then the failures by file
 */
export function summaryOf(records: readonly TestRecord[], sourceOf: (file: string) => string): string[] {
  return [...slowest(records, sourceOf), ...failures(records, sourceOf)];
}

function slowest(records: readonly TestRecord[], sourceOf: (file: string) => string): string[] {
  const files = records.filter(({ kind }) => kind === "file");
  if (files.length <= slowestFiles) return [];
  const byTime = files.toSorted((left, right) => right.ms - left.ms).slice(0, slowestFiles);
  return ["", "Slowest files:", ...byTime.map(({ file, ms }) => `${seconds(ms)} s  ${sourceOf(file)}`)];
}

function failures(records: readonly TestRecord[], sourceOf: (file: string) => string): string[] {
  const lines: string[] = [];
  let lastFile: string | undefined;
  for (const record of records) {
    if (record.kind !== "failure") continue;
    if (lastFile === undefined) lines.push("", "Failed, with the command that runs the file again:");
    if (record.file !== lastFile) lines.push(`  node tools/dist/run-tests.js ${sourceOf(record.file)}`);
    lines.push(`    ${record.test} (after ${seconds(record.ms).trim()} s)`);
    lastFile = record.file;
  }
  return lines;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(1).padStart(7);
