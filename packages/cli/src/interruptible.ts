/** Work that Ctrl-C ends in order: the first asks it to end, the second ends the process at once. */
import process from "node:process";

export interface Interruption {
  readonly signal: AbortSignal;
  /** Ctrl-C means again what it meant before. */
  end(): void;
}

export function interruptible(): Interruption {
  const controller = new AbortController();
  const onInterrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on("SIGINT", onInterrupt);
  return { signal: controller.signal, end: () => process.off("SIGINT", onInterrupt) };
}
