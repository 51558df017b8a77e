import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFigures, readFigures } from "./figures.ts";

const printed = `Testing Chapter 4: Stress Test - 10K Invocations (1000 parallel x 10 iterations)

Total invocations: 10,000
STATS
Total calls:        10,000
Successful:         9,344 (93.44%)
Errors:             656 (6.56%)

Total time:         11.01s
Throughput:         908 calls/second

Lambda Execution Times:
  p99:                31.00ms

Client-observed Times:
  p99:                812.50ms

Error Breakdown:
  change conflicts with another transaction (OC000) (40001): 656
`;

test("the figures of a load are read from what the helper printed", () => {
  assert.deepEqual(readFigures(printed), {
    load: "Chapter 4",
    calls: "10,000",
    successful: "93.44%",
    conflicts: "656",
    callsPerSecond: "908",
    p99: "812.50ms",
  });
  const retried = printed.replace(
    /Error Breakdown[^]*/,
    "OCC Retry Statistics:\n  Total retries:      735\n",
  );
  assert.equal(readFigures(retried)?.conflicts, "735");
  assert.equal(readFigures("Testing Chapter 3: Money transfer\n"), undefined);
});

test("each load stands below the talk's own figures for it", () => {
  const figures = readFigures(printed)!;
  const lines = formatFigures([figures, figures, { ...figures, load: "Chapter 6" }]).split("\n");
  assert.equal(lines.length, 7);
  assert.match(lines[1]!, /^ {2}talk +Chapter 4 +10,000 +93\.44% +656 +908 +-$/);
  assert.match(lines[2]!, /^ {2}here +Chapter 4 +10,000 +93\.44% +656 +908 +812\.50ms$/);
  assert.match(lines[5]!, /^ {2}talk +Chapter 6 +1,000,000 /);
});
