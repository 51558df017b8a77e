/** Time as the parts see it. Passed through constructors so that a simulation can run its own. */
export interface Clock {
  /** Microseconds since 1970, as the service counts its timestamps. */
  nowUs(): bigint;
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Calls `run` once after `delayMs`; the result cancels it. Does not keep the process alive. */
  setTimer(delayMs: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  nowUs: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)),
  nowMs: () => Date.now(),
  setTimer(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
