/**
 * Calls made by several threads of this process: each makes its share of the schedule, and what they counted is merged.
 *
 * It promises that the same seed asks for the same transfers in any number of threads, that an abort or a failure of one
 * ends all of them in order, and that the percentiles are those of all calls together.
 */
export { LoadThreadError } from "./load-thread-error.ts";
export { type ThreadRunOptions, runInThreads } from "./run-in-threads.ts";
