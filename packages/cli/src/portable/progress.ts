/** What `dsql export` and `dsql import` show while they work: one line that is rewritten on a terminal, some lines in a log. */

/** The part of a stream that a display needs; `process.stderr` is one. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

// A log that is read later wants to be short; a terminal is no faster than an eye.
const intervalMs = { terminal: 100, log: 2_000 };

export interface ProgressLine {
  /** @param text - shown now, or not at all: another comes soon */
  show(text: string): void;
  end(): void;
}

export function progressLine(screen: Screen, nowMs: () => number = () => performance.now()): ProgressLine {
  const isLive = screen.isTTY === true;
  let nextMs = isLive ? 0 : nowMs() + intervalMs.log;
  let isOpen = false;
  return {
    show(text) {
      if (nowMs() < nextMs) return;
      nextMs = nowMs() + (isLive ? intervalMs.terminal : intervalMs.log);
      isOpen = isLive;
      screen.write(isLive ? `\r${text}\u001b[K` : `${text}\n`);
    },
    end() {
      if (isOpen) screen.write("\r\u001b[K");
      isOpen = false;
    },
  };
}
