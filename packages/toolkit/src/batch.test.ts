import assert from "node:assert/strict";
import { test } from "node:test";
import { batches, type BatchBounds } from "./batch.ts";

async function sizes<Row extends object>(
  rows: Iterable<Row> | AsyncIterable<Row>,
  bounds?: BatchBounds<Row>,
): Promise<number[]> {
  const found: number[] = [];
  for await (const batch of batches(rows, bounds)) found.push(batch.length);
  return found;
}

const rows = (count: number, width = 2): number[][] =>
  Array.from({ length: count }, () => new Array<number>(width).fill(1));

test("batches hold 1,000 rows by default, and what is left", async () => {
  assert.deepEqual(await sizes(rows(2_500)), [1_000, 1_000, 500]);
  assert.deepEqual(await sizes([]), []);
});

test("a batch keeps under 65,535 parameters", async () => {
  assert.deepEqual(await sizes(rows(1_000, 100)), [655, 345]);
  assert.deepEqual(await sizes(rows(1_000, 100), { parametersPerRow: 0 }), [1_000]);
});

test("a batch keeps under its bytes, counted as UTF-8, with a cost for each row", async () => {
  const texts = Array.from({ length: 4 }, () => ({ text: "é".repeat(500) }));
  assert.deepEqual(await sizes(texts, { bytesMax: 3_000 }), [2, 2]);
  await assert.rejects(sizes(texts, { bytesMax: 1_000 }), /does not fit/);
});

test("bounds beyond the service's are refused", async () => {
  await assert.rejects(sizes(rows(1), { rowsMax: 3_001 }), /3000/);
  await assert.rejects(sizes(rows(1), { bytesMax: 10 * 1024 * 1024 + 1 }), /10485760/);
});

test("rows are read no further than the batch that is asked for", async () => {
  let read = 0;
  const source = (function* () {
    for (;;) {
      read++;
      yield [read];
    }
  })();
  const reader = batches(source, { rowsMax: 10 });
  await reader.next();
  // One more, to know that the batch was full.
  assert.equal(read, 11);
});
