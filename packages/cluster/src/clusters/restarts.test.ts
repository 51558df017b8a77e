import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "../base/index.ts";
import { StorageError } from "../storage/index.ts";
import { Restarts } from "./restarts.ts";

/** Time passes by the pauses alone. */
class PauseClock implements Clock {
  ms = 1_000_000;
  readonly pauses: number[] = [];
  nowMs(): number {
    return 0;
  }
  monotonicMs(): number {
    return this.ms;
  }
  setTimer(delayMs: number, run: () => void): () => void {
    this.pauses.push(delayMs);
    this.ms += delayMs;
    setImmediate(run);
    return () => undefined;
  }
}

/** Restarts of a PostgreSQL whose starts go as the outcomes say; past them each succeeds. */
function restartsOf(outcomes: readonly Error[], isStopping = (): boolean => false) {
  const clock = new PauseClock();
  let starts = 0;
  const restarts = new Restarts({
    clock,
    log: () => undefined,
    start() {
      const failure = outcomes[starts++];
      return failure === undefined ? Promise.resolve() : Promise.reject(failure);
    },
    isStopping,
  });
  restarts.began();
  return { clock, restarts, starts: () => starts };
}

const full = new StorageError({ problem: "The disk is full.", remedy: "Free some space." });

test("a start that fails is made again, after a longer pause each time", async () => {
  const { clock, restarts, starts } = restartsOf([full, full, full]);
  await restarts.afterEnd("PostgreSQL was ended by SIGKILL");
  assert.equal(starts(), 4);
  assert.deepEqual(clock.pauses, [250, 500, 1_000]);
});

test("after five in a row it is given up, with the last reason and its remedy", async () => {
  const { restarts, starts } = restartsOf(Array.from({ length: 10 }, () => full));
  await assert.rejects(restarts.afterEnd("PostgreSQL ended"), {
    problem: /5 times in a row .*The disk is full/,
    remedy: "Free some space.",
  });
  assert.equal(starts(), 5);
});

test("ends that follow each other closely count together, those of a healthy one do not", async () => {
  const { clock, restarts } = restartsOf([]);
  for (let end = 1; end <= 5; end++) await restarts.afterEnd("PostgreSQL ended");
  await assert.rejects(restarts.afterEnd("PostgreSQL was ended by SIGKILL"), { problem: /SIGKILL/ });

  clock.ms += 61_000;
  await restarts.afterEnd("PostgreSQL ended");
});

test("a stop ends the attempts", async () => {
  let isStopping = false;
  const { restarts, starts } = restartsOf([full, full, full], () => isStopping);
  const ended = restarts.afterEnd("PostgreSQL ended");
  isStopping = true;
  await ended;
  assert.equal(starts(), 1);
});
