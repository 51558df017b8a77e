/**
 * A log group on disk: one line per log event, in segments, the oldest of which are dropped.
 *
 * A line is `<milliseconds since 1970> TAB <log stream> TAB <message as JSON text>`. Each worker thread writes
 * segments of its own, so that no two writers share a file; a reader merges them by time. At most
 * `logSegmentsMax` × `logSegmentBytes` of a group stay on disk. What was not yet written when a thread is killed is lost:
 * at most `flushDelayMs` of it.
 */

import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { logSegmentBytes, logSegmentsMax } from "../limits.ts";

const flushDelayMs = 250;
const bufferCharactersMax = 64 * 1024;

export class LogFile {
  readonly #directory: string;
  readonly #writer: string;
  #lines: string[] = [];
  #characters = 0;
  #timer: NodeJS.Timeout | undefined;
  #file: number | undefined;
  #fileBytes = 0;
  #segment = 0;

  /** @param writer - a name no other writer of this group has or had */
  constructor(directory: string, writer: string) {
    this.#directory = directory;
    this.#writer = writer;
  }

  append(timeMs: number, stream: string, message: string): void {
    const line = `${timeMs}\t${stream}\t${JSON.stringify(message)}\n`;
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters >= bufferCharactersMax) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), flushDelayMs);
  }

  /**
   * Written synchronously: 64 KB take some 30 µs, and a queue of writes would need a bound of its own. A full disk
   * costs log lines, never an invocation.
   */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const text = this.#lines.join("");
    this.#lines = [];
    this.#characters = 0;
    try {
      this.#file ??= this.#openSegment();
      this.#fileBytes += writeSync(this.#file, text);
      if (this.#fileBytes >= logSegmentBytes) this.close();
    } catch {
      this.close();
    }
  }

  /** Writes what is left; the next line opens a new segment. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#fileBytes = 0;
  }

  #openSegment(): number {
    mkdirSync(this.#directory, { recursive: true });
    // Names sort by age: the writer's name begins with the time it started.
    const segments = readdirSync(this.#directory)
      .filter((name) => name.endsWith(".log"))
      .sort();
    for (const name of segments.slice(0, Math.max(0, segments.length - logSegmentsMax + 1))) {
      rmSync(join(this.#directory, name), { force: true });
    }
    this.#segment += 1;
    const name = `${this.#writer}-${String(this.#segment).padStart(6, "0")}.log`;
    return openSync(join(this.#directory, name), "a", 0o600);
  }
}
