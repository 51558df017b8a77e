import assert from "node:assert/strict";
import { test } from "node:test";

import { type Clock, systemClock } from "../base/index.ts";

import { Admission } from "./admission.ts";

function clockAt(startMs: number): Clock & { nowAtMs: number } {
  return {
    ...systemClock,
    nowAtMs: startMs,
    monotonicMs(): number {
      return this.nowAtMs;
    },
  };
}

test("the bucket gives its burst at once and then as much as time refills", () => {
  const clock = clockAt(1_000);
  const admission = new Admission({
    connectionsMax: 100,
    connectionRate: { burst: 3, perSecond: 10 },
    clock,
  });
  const enter = (): string => admission.enter()?.sqlstate ?? "entered";
  assert.deepEqual([enter(), enter(), enter(), enter()], ["entered", "entered", "entered", "53400"]);
  clock.nowAtMs += 99;
  assert.equal(enter(), "53400");
  clock.nowAtMs += 1;
  assert.deepEqual([enter(), enter()], ["entered", "53400"]);
  clock.nowAtMs += 3_600_000;
  assert.deepEqual(
    [enter(), enter(), enter(), enter()],
    ["entered", "entered", "entered", "53400"],
    "never above the burst",
  );
});

test("a clock that is set back or forward neither fills nor empties the bucket", () => {
  let wallMs = 1_800_000_000_000;
  const clock = { ...clockAt(10_000), nowMs: () => wallMs };
  const admission = new Admission({ connectionsMax: 100, connectionRate: { burst: 1, perSecond: 1 }, clock });
  admission.enter();
  for (const jumpMs of [-3_600_000, 7_200_000]) {
    wallMs += jumpMs;
    assert.equal(admission.enter()?.sqlstate, "53400");
  }
  clock.nowAtMs += 1_000;
  assert.equal(admission.enter(), undefined);
});

test("a refused connection takes neither a place nor a token", () => {
  const admission = new Admission({
    connectionsMax: 1,
    connectionRate: { burst: 2, perSecond: 0 },
    clock: clockAt(0),
  });
  assert.equal(admission.enter(), undefined);
  assert.equal(admission.enter()?.sqlstate, "53300");
  assert.equal(admission.connections, 1);
  admission.leave();
  assert.equal(admission.enter(), undefined, "the token is still there");
});
