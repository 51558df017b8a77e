import assert from "node:assert/strict";
import type { EventLoopUtilityFunction } from "node:perf_hooks";
import { test } from "node:test";
import { LoopLoad } from "./loop-load.ts";

interface Loop {
  idle: number;
  active: number;
  readonly eventLoopUtilization: EventLoopUtilityFunction;
}

/** A loop whose times the test sets: the real one's depend on the machine. */
function loopAt(idle: number, active: number): Loop {
  const loop: Loop = {
    idle,
    active,
    eventLoopUtilization(after, before) {
      if (after === undefined || before === undefined) return { ...loop, utilization: 0 };
      const [idleMs, activeMs] = [after.idle - before.idle, after.active - before.active];
      return { idle: idleMs, active: activeMs, utilization: activeMs / (idleMs + activeMs) };
    },
  };
  return loop;
}

test("the share is that of the time since the measurement began", () => {
  const loop = loopAt(1_000, 1_000);
  const load = new LoopLoad(loop);
  assert.equal(load.share(5_000), 1, "not known yet");
  loop.idle += 30;
  loop.active += 90;
  assert.equal(load.share(5_120), 0.75);
  loop.active += 10;
  assert.equal(load.share(5_130), 0.75, "too short to say anything new");
});

test("a loop that has not started has no time left", () => {
  const load = new LoopLoad(loopAt(0, 0));
  load.share(5_000);
  assert.equal(load.share(5_200), 1);
});

test("what was measured long ago says nothing of now", () => {
  const loop = loopAt(1_000, 1_000);
  const load = new LoopLoad(loop);
  load.share(5_000);
  loop.idle += 60_000;
  assert.equal(load.share(65_000), 1);
  loop.idle += 50;
  loop.active += 50;
  assert.equal(load.share(65_100), 0.5);
});
