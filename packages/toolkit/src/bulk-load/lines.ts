/**
 * Lines of text from bytes: decoded, without a byte order mark, cut at the line ends that the file uses.
 *
 * Bytes that are not of the encoding end the reading. Put in place of them, the replacement character would be loaded
 * as if it had been in the file.
 */
import type { Readable } from "node:stream";
import { TextDecoder } from "node:util";
import { limits } from "@dsql-local/spec";
import { UsageError } from "../errors.ts";
import { BulkLoadError } from "./options.ts";

/** A record must fit into a message of the protocol, so nothing longer is worth keeping in memory. */
export const recordLengthMax = limits.messageBytesMax.value;

/**
 * @param encoding - a label of the WHATWG Encoding Standard; without it UTF-8, or UTF-16 where a byte order mark says so
 * @returns lines without "\n"; the "\r" before it is left, as it may stand within quotes
 * @throws {BulkLoadError} bytes that are not of the encoding, or a line that is too long
 */
export async function* linesOf(source: Readable, encoding?: string): AsyncGenerator<string, void, undefined> {
  let decoder: Decoder | undefined;
  let lineEnd: string | undefined;
  let line = 1;
  let rest = "";
  for await (const bytes of source as AsyncIterable<Buffer>) {
    decoder ??= new Decoder(encoding ?? encodingByMark(bytes));
    rest += decoder.text(bytes, line);
    lineEnd ??= lineEndOf(rest);
    if (lineEnd === undefined) continue;
    const lines = rest.split(lineEnd);
    rest = lines.pop() ?? "";
    line += lines.length;
    if (rest.length > recordLengthMax) throw tooLong(line);
    yield* lines;
  }
  rest += decoder?.end(line) ?? "";
  const lines = rest.split(lineEnd ?? "\r");
  // What ends in a line end has no line behind it.
  if (lines.at(-1) === "") lines.pop();
  yield* lines;
}

function tooLong(line: number): BulkLoadError {
  return new BulkLoadError(`the record at line ${line} is longer than ${recordLengthMax} characters`);
}

/** What Excel calls Unicode text is UTF-16. */
function encodingByMark(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return "utf-8";
}

/** A text this long without "\n" has other line ends. */
const firstLineEndWithin = 65_536;

/**
 * "\r" alone ended lines on old Macs, and in what Excel still writes for them; in other files it may stand within quotes.
 *
 * @returns undefined while it cannot be told
 */
function lineEndOf(text: string): string | undefined {
  if (text.includes("\n")) return "\n";
  if (text.length < firstLineEndWithin) return undefined;
  return text.includes("\r") ? "\r" : "\n";
}

class Decoder {
  readonly #decoder: TextDecoder;
  readonly #encoding: string;

  constructor(encoding: string) {
    this.#encoding = encoding;
    try {
      this.#decoder = new TextDecoder(encoding, { fatal: true });
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new UsageError(
        `there is no encoding "${encoding}"; there are utf-8, windows-1252, utf-16le and others`,
      );
    }
  }

  /** @param line - at which the bytes begin */
  text(bytes: Buffer, line: number): string {
    try {
      return this.#decoder.decode(bytes, { stream: true });
    } catch (cause) {
      const [before = ""] = new TextDecoder(this.#encoding).decode(bytes).split("\uFFFD", 1);
      throw this.#invalid(line + before.split("\n").length - 1, cause);
    }
  }

  end(line: number): string {
    try {
      return this.#decoder.decode();
    } catch (cause) {
      throw this.#invalid(line, cause);
    }
  }

  #invalid(line: number, cause: unknown): BulkLoadError {
    const remedy = "name its encoding, as windows-1252 of many spreadsheets";
    return new BulkLoadError(`line ${line} is not text in ${this.#encoding}: ${remedy}`, { cause });
  }
}
