/** What the thread that reports a run and the threads that make its calls say to each other. */
import type { Counts, Recent } from "../counts.ts";
import type { InvocationTarget } from "../invocation/index.ts";
import type { SchedulePart } from "../schedule.ts";
import type { TallyState } from "../tally.ts";

/** What a thread is given when it starts. */
export interface ThreadSettings extends SchedulePart {
  /** A URL object cannot be sent. */
  readonly target: Omit<InvocationTarget, "endpoint"> & { readonly endpoint: string };
  readonly functionName: string;
  readonly qualifier: string | undefined;
  /** Of all threads; `callsBefore` says which part of its transfers is this one's. */
  readonly seed: number;
  readonly accounts: number;
  /** This thread's share of the calls that may be under way. */
  readonly underWay: { readonly initial: number; readonly max: number };
  readonly progressIntervalMs: number;
}

/** To a thread: make your calls; start no more of them. */
export type ThreadCommand = "start" | "abort";

/** From a thread, in this order: `ready` once, `progress` any number of times, `done` once. */
export type ThreadMessage =
  | { readonly kind: "ready" }
  /** `counts` since the start, `recent` since the message before. */
  | { readonly kind: "progress"; readonly counts: Counts; readonly recent: Recent }
  | { readonly kind: "done"; readonly tally: TallyState };
