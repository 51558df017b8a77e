/**
 * Time as the parts see it. Passed through constructors so that a simulation can run its own.
 *
 * Two clocks, for two questions. What time it is (`nowMs`) is set by people and by NTP, and may jump at any moment, both
 * ways: it is for what is written down or compared with a time that somebody else wrote. How long something takes
 * (`monotonicMs`) must not depend on that: ages, waits and rates are differences of this one.
 */
export interface Clock {
  /** Milliseconds since 1970. It jumps when the machine's clock is set. */
  nowMs(): number;
  /** Milliseconds since some moment; never goes back and never jumps. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`; the result cancels it. Does not keep the process alive. */
  setTimer(delayMs: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
