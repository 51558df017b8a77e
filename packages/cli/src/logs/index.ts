/**
 * What functions wrote to their logs: read once, or followed as it comes.
 *
 * Promises: an event is shown once, in the order of time as far as it is known when it is shown; one that a function's
 * process hands over up to `lateMsMax` late is not missed.
 */
export { followEvents, type LogEvent, readEvents } from "./events.ts";
export { sinceMs } from "./since.ts";
