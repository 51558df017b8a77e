/**
 * A reporter for Node's test runner: one JSON line for each file that has ended and each test that has failed, as
 * {@link TestRecord}s for test-summary.ts. A test that failed only because of tests within it is not told.
 */
import path from "node:path";
import type { TestEvent } from "node:test/reporters";
import type { TestRecord } from "./test-summary.ts";

export default async function* recorder(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  /** The test that is reported at each depth: the way to the one that fails. */
  const names: string[] = [];
  for await (const { type, data } of events) {
    if (type === "test:start") names[data.nesting] = data.name;
    else if (type === "test:complete" && isFile(data)) {
      yield line({ kind: "file", file: data.file ?? "", ms: data.details.duration_ms });
    } else if (type === "test:fail" && !isOnlyOfSubtests(data.details.error)) {
      const within = names.slice(0, data.nesting);
      const test = isFile(data) ? "the file itself" : [...within, data.name].join(" > ");
      yield line({ kind: "failure", file: data.file ?? "", test, ms: data.details.duration_ms });
    }
  }
}

const line = (record: TestRecord): string => `${JSON.stringify(record)}\n`;

/** The runner makes a test of each file, and names it by the file's path. */
function isFile(data: { name: string; file?: string; nesting: number }): boolean {
  return data.nesting === 0 && data.file !== undefined && path.resolve(data.name) === data.file;
}

const isOnlyOfSubtests = (error: Error): boolean =>
  (error as { failureType?: string }).failureType === "subtestsFailed";
