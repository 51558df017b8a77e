import assert from "node:assert/strict";
import { test } from "node:test";
import { dpuLines, statementDpu } from "./dpu.ts";

test("AWS's worked examples come out to the printed digits", () => {
  // "Example: Filtered query", "Single insert" and "Bulk insert" of the billing page, without the transaction's minimum.
  const lines = (work: Parameters<typeof statementDpu>[0]): string[] =>
    dpuLines(statementDpu(work)).slice(1, 4);
  assert.deepEqual(lines({ computeMs: 8, reads: [{ requests: 1, rows: 100, bytes: 100 }], writes: [] }), [
    "  Compute: 0.00800 DPU",
    "  Read: 0.01831 DPU",
    "  Write: 0.00000 DPU",
  ]);
  assert.deepEqual(
    lines({
      computeMs: 8,
      reads: [{ requests: 1, rows: 1, bytes: 16 }],
      writes: [{ entries: 1, bytes: 100 }],
    }),
    [
      "  Compute: 0.00800 DPU",
      "  Read: 0.00023 DPU (Transaction minimum: 0.00375)",
      "  Write: 0.00625 DPU (Transaction minimum: 0.05000)",
    ],
  );
  assert.deepEqual(
    lines({
      computeMs: 80,
      reads: [{ requests: 1, rows: 100, bytes: 16 }],
      writes: [{ entries: 100, bytes: 100 }],
    }),
    ["  Compute: 0.08000 DPU", "  Read: 0.00293 DPU (Transaction minimum: 0.00375)", "  Write: 0.62502 DPU"],
  );
});

test("the published estimate of an INSERT of three rows comes out to the printed digits", () => {
  const dpu = statementDpu({
    computeMs: 15.5,
    reads: [{ requests: 1, rows: 1, bytes: 1_676 }],
    writes: [{ entries: 3, bytes: 40 }],
  });
  assert.deepEqual(dpuLines(dpu), [
    "Statement DPU Estimate:",
    "  Compute: 0.01550 DPU",
    "  Read: 0.00307 DPU (Transaction minimum: 0.00375)",
    "  Write: 0.01875 DPU (Transaction minimum: 0.05000)",
    "  Total: 0.03732 DPU",
  ]);
});

test("each request to storage counts at least 128 bytes", () => {
  const { read } = statementDpu({ computeMs: 0, reads: [{ requests: 3, rows: 0, bytes: 10 }], writes: [] });
  assert.equal(read.toFixed(8), (3 * 128 * 0.000_001_831_05).toFixed(8));
});
