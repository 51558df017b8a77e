/**
 * The text that a program's literals make, and where each of its characters stands in the file.
 *
 * Tests: code.test.ts.
 */
import { holeWidth } from "./holes.ts";
import type { Hole } from "./source.ts";

/** What ends the literal, and so has to be escaped in it. */
export type Quote = "'" | '"' | "`";

interface Segment {
  readonly start: number;
  readonly end: number;
  readonly quote: Quote;
}

export class EmbeddedText {
  #text = "";
  /** In the file, of the last piece. */
  #end = 0;
  /** For each UTF-16 unit of the text its offset in the file; one more for the end. */
  readonly #offsets: number[] = [];
  readonly #segments: Segment[] = [];
  readonly holes: Hole[] = [];

  get text(): string {
    return this.#text;
  }

  /** @param raw - as written between the quotes, escapes included, from `fileStart` on */
  addLiteral(raw: string, fileStart: number, quote: Quote): void {
    const start = this.#text.length;
    for (const { text, at } of unescape(raw)) {
      for (let unit = 0; unit < text.length; unit += 1) this.#offsets.push(fileStart + at);
      this.#text += text;
    }
    this.#segments.push({ start, end: this.#text.length, quote });
    this.#end = fileStart + raw.length;
  }

  /** @param fileStart - of the expression whose value is not known */
  addHole(fileStart: number): void {
    const start = this.#text.length;
    this.#text += " ".repeat(holeWidth);
    for (let unit = 0; unit < holeWidth; unit += 1) this.#offsets.push(fileStart);
    this.holes.push({ start, end: this.#text.length });
    this.#end = fileStart;
  }

  fileOffset(offset: number): number {
    return this.#offsets[offset] ?? this.#end;
  }

  /** @returns undefined when the change does not lie within one literal */
  written(change: {
    readonly start: number;
    readonly end: number;
    readonly text: string;
  }): string | undefined {
    const segment = this.#segments.find(({ start, end }) => start <= change.start && change.end <= end);
    return segment && escape(change.text, segment.quote);
  }
}

function escape(text: string, quote: Quote): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`);
  if (quote === "`") return escaped.replaceAll("${", "\\${");
  return escaped.replaceAll("\n", "\\n");
}

const escapePattern = /\\(u\{[0-9a-f]+\}|u[0-9a-f]{4}|x[0-9a-f]{2}|\r\n|[^])/giy;
const singleEscapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  v: "\v",
};

/** @returns the characters that a literal stands for, with their place in it */
function* unescape(raw: string): Generator<{ readonly text: string; readonly at: number }> {
  for (let at = 0; at < raw.length;) {
    escapePattern.lastIndex = at;
    const found = raw[at] === "\\" ? escapePattern.exec(raw) : null;
    if (found === null) {
      yield { text: raw.charAt(at), at };
      at += 1;
    } else {
      yield { text: meaningOf(found[1] ?? ""), at };
      at += found[0].length;
    }
  }
}

function meaningOf(escaped: string): string {
  const code = /^[ux]\{?([0-9a-f]+)\}?$/i.exec(escaped)?.[1];
  if (code !== undefined && escaped.length > 1)
    return String.fromCodePoint(Math.min(Number.parseInt(code, 16), 0x10ffff));
  // A line that ends in a backslash goes on without it.
  if (/^(\r\n|[\n\r\u2028\u2029])$/.test(escaped)) return "";
  return singleEscapes[escaped] ?? escaped;
}
