/**
 * A reporter for Node's test runner: what failed, whole and at once; how far the run is; in the end what the files of failed
 * tests have printed, which arrives when it likes.
 *
 * A test that passes says nothing. On a terminal the last line tells how far it is; elsewhere a line comes now and then, so that
 * whoever watches a log knows that the run is alive. The last line has the counts, alone: `4054 passed, 0 failed, 12 skipped`.
 */
import path from "node:path";
import process from "node:process";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";

/** Kept of what a file prints, from its end, in characters. It is shown only if a test of the file fails. */
const outputKeptMax = 20_000;
/** In a log, so many files are one line. */
const filesPerLine = 25;

export interface ProgressOptions {
  readonly isTerminal: boolean;
  /** Files that will run; 0 where that is not known. */
  readonly files: number;
  readonly root: string;
}

export class TestProgress {
  readonly #options: ProgressOptions;
  readonly #output = new Map<string, string>();
  readonly #failed = new Set<string>();
  /** The test that is reported at each depth: the way to the one that fails. */
  readonly #names: string[] = [];
  readonly #counts = { passed: 0, failed: 0, skipped: 0 };
  #filesDone = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** @returns what is to be printed now */
  on({ type, data }: TestEvent): string {
    switch (type) {
      case "test:stdout":
      case "test:stderr":
        if (data.file !== undefined) this.#keep(data.file, data.message);
        return "";
      case "test:start":
        this.#names[data.nesting] = data.name;
        return "";
      case "test:pass":
        if (isFile(data)) this.#output.delete(data.file ?? "");
        else if (!isSuite(data)) this.#counts[isSkipped(data) ? "skipped" : "passed"] += 1;
        return "";
      case "test:fail":
        return isOnlyOfSubtests(data.details.error) ? "" : this.#failure(data);
      case "test:complete":
        return isFile(data) ? this.#fileDone(data.file ?? "") : "";
      default:
        return "";
    }
  }

  end(): string {
    const { passed, failed, skipped } = this.#counts;
    const line = `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}\n`;
    return `${this.#options.isTerminal ? "\r\x1b[K" : ""}${this.#printed()}${line}`;
  }

  #printed(): string {
    let text = "";
    for (const file of this.#failed) {
      const output = this.#output.get(file);
      if (output !== undefined) text += `${this.#name(file)} has printed:\n${indented(output.trimEnd())}\n`;
    }
    return text;
  }

  #failure(data: Extract<TestEvent, { type: "test:fail" }>["data"]): string {
    this.#counts.failed += 1;
    const file = data.file ?? "";
    const within = this.#names.slice(0, data.nesting);
    const test = isFile(data) ? "the file itself" : [...within, data.name].join(" > ");
    const cause = data.details.error.cause ?? data.details.error;
    const lines = [
      `${this.#options.isTerminal ? "\r\x1b[K" : ""}✖ ${this.#name(file)}: ${test}`,
      indented(cause instanceof Error ? (cause.stack ?? String(cause)) : inspect(cause)),
      ...details(cause),
    ];
    this.#failed.add(file);
    return `${lines.join("\n")}\n`;
  }

  #fileDone(file: string): string {
    this.#filesDone += 1;
    const { files, isTerminal } = this.#options;
    const of = files === 0 ? "" : ` of ${files}`;
    const { passed, failed } = this.#counts;
    const text = `${this.#filesDone}${of} files, ${passed} tests passed, ${failed} failed`;
    if (isTerminal) return `\r\x1b[K${text}: ${this.#name(file)}`;
    return this.#filesDone % filesPerLine === 0 ? `${text}\n` : "";
  }

  #keep(file: string, message: string): void {
    this.#output.set(file, ((this.#output.get(file) ?? "") + message).slice(-outputKeptMax));
  }

  #name(file: string): string {
    return path.relative(this.#options.root, file).replaceAll(path.sep, "/");
  }
}

export default async function* progress(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const lines = new TestProgress({
    isTerminal: process.env["TEST_PROGRESS_TERMINAL"] === "1",
    files: Number(process.env["TEST_PROGRESS_FILES"] ?? 0),
    root: process.cwd(),
  });
  for await (const event of events) {
    const text = lines.on(event);
    if (text !== "") yield text;
  }
  yield lines.end();
}

/** The runner makes a test of each file, and names it by the file's path. */
function isFile(data: { name: string; file?: string; nesting: number }): boolean {
  return data.nesting === 0 && data.file !== undefined && path.resolve(data.name) === data.file;
}

const isSuite = (data: { details: { type?: string } }): boolean => data.details.type === "suite";

const isSkipped = (data: { skip?: string | boolean; todo?: string | boolean }): boolean =>
  data.skip !== undefined || data.todo !== undefined;

const isOnlyOfSubtests = (error: Error): boolean =>
  (error as { failureType?: string }).failureType === "subtestsFailed";

/** What an assertion compared, where the message does not say. */
function details(cause: unknown): string[] {
  if (!(cause instanceof Error) || !("actual" in cause) || !("expected" in cause)) return [];
  const { actual, expected } = cause;
  return [`  actual ${inspect(actual, { depth: 4 })}`, `  expected ${inspect(expected, { depth: 4 })}`];
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
