import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { csvRows } from "./csv.ts";
import { linesOf } from "./lines.ts";

/** Numbers from 0 up to `below`, the same for the same seed (a linear congruential generator, Numerical Recipes). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** What matters to a reader of CSV, and some that does not. */
const alphabet = ["a", "ß", "1", " ", ",", '"', "\n", "\r", "\r\n", "\\"];

function written(value: string | null, isQuoted: boolean): string {
  if (value === null) return "";
  const isPlain = value !== "" && !/[",\r\n]/.test(value);
  return isPlain && !isQuoted ? value : `"${value.replaceAll('"', '""')}"`;
}

function cut(bytes: Buffer, draw: (below: number) => number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + draw(20);
    parts.push(bytes.subarray(at, at + size));
    at += size;
  }
  return parts;
}

for (let seed = 1; seed <= 200; seed++) {
  test(`seed ${seed}: what was written as CSV is read as it was, with its lines`, async () => {
    const draw = numbers(seed);
    const lineEnd = draw(2) === 0 ? "\n" : "\r\n";
    const width = 2 + draw(3);
    const value = (): string | null =>
      draw(6) === 0 ? null : Array.from({ length: draw(6) }, () => alphabet[draw(alphabet.length)]).join("");
    const rows: { line: number; values: (string | null)[] }[] = [];
    let text = "";
    for (let row = 0; row < 1 + draw(8); row++) {
      const values = Array.from({ length: width }, value);
      rows.push({ line: 1 + text.split("\n").length - 1, values });
      text += values.map((one) => written(one, draw(2) === 0)).join(",") + lineEnd;
    }
    const lines = linesOf(Readable.from(cut(Buffer.from(text), draw)));
    const read: unknown[] = [];
    const options = { delimiter: ",", nullText: "", quotedNull: false };
    for await (const row of csvRows(lines, { ...options, onReject: (row) => assert.fail(row.reason) }))
      read.push(row);
    assert.deepEqual(read, rows);
  });
}
