/** What a client sends with one execution of a writing statement that may become part of rows, in bytes. */
import type { CopyInput, Execution } from "../exchange/execution.ts";

/** Parameters, and the literals of an INSERT. */
export function sentBytes({ statement, bindArguments }: Execution): number {
  if (statement.kind !== "write") return 0;
  const source = statement.analysis.dml?.insertSource;
  return bindArguments.length + (source === undefined ? 0 : source.end - source.start);
}

export function copiedBytes({ frames }: CopyInput): number {
  return frames.reduce((sum, frame) => sum + frame.length - copyHeaderBytes, 0);
}

/** Whether a line of the data is longer than so many bytes: it may hold a value that is. */
export function hasLongLine({ frames }: CopyInput, bytesMax: number): boolean {
  let length = 0;
  for (const frame of frames) {
    // A frame may hold a part of a line, or many.
    for (let at = copyHeaderBytes; at < frame.length;) {
      const end = frame.indexOf(0x0a, at);
      length += (end < 0 ? frame.length : end) - at;
      if (length > bytesMax) return true;
      if (end < 0) break;
      length = 0;
      at = end + 1;
    }
  }
  return false;
}

const copyHeaderBytes = 5;
