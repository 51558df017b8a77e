/**
 * Lambda's quotas, and our own bounds. What happens at each bound is said beside it.
 *
 * Source of the quotas: AWS Lambda Developer Guide, "Lambda quotas".
 */

/** Concurrent invocations of an account; beyond it 429 TooManyRequestsException. */
export const concurrentInvocationsMax = 1_000;
/**
 * Environments that one function starts at once for each of its threads; further ones wait for the pace. Our own bound: more
 * than a thread needs to have work while some of them wait for the cluster, and few enough to run fast.
 */
export const environmentsAtOncePerThread = 8;
/** One further environment in so many milliseconds, where they are needed: 1,000 in 10 seconds, as Lambda scales. */
export const environmentStartPaceMs = 10;
/** While one has come free within this time, a waiting invocation will be served soon. */
export const releaseExpectedMs = 50;
/** An invocation that has waited so long gets an environment of its own all the same, if there is time to run it. */
export const environmentWaitMsMax = 2_000;
/**
 * An event loop with work for a larger share of its time has none left for a further environment: more calls at a time
 * would at best double what it does, and on a busy machine a part of the rest is waiting for a processor.
 */
export const saturatedShare = 0.5;
/** Where no environment has come free for so long, a further one is made even so: they may be waiting for it. */
export const stuckAfterMs = 1_000;
/** `PutFunctionConcurrency` must leave this many unreserved, unless the account has fewer. */
export const unreservedConcurrencyMin = 100;

/** 6 MB and 100 bytes each way; beyond it 413 for a request, `Function.ResponseSizeTooLarge` for a response. */
export const synchronousPayloadBytesMax = 6 * 1024 * 1024 + 100;
/** Of an `Event` invocation; beyond it 413. */
export const asynchronousPayloadBytesMax = 1024 * 1024;

/** Unzipped; a larger zip is refused. */
export const codeUnzippedBytesMax = 250 * 1024 * 1024;
/** Zipped, when sent in the request itself. */
export const codeZippedBytesMax = 50 * 1024 * 1024;
/** Files in a zip; more are refused. Our own bound: the service has none. */
export const codeFilesMax = 50_000;

/** All environment variables of a function together; more are refused. */
export const environmentBytesMax = 4 * 1024;

export const timeoutSecondsMax = 900;
export const timeoutSecondsDefault = 3;
export const memoryMbMin = 128;
export const memoryMbMax = 10_240;

/** A new environment has this long to load its code. */
export const initializationMsMax = 10_000;

/** `X-Amz-Log-Result` holds the end of the log up to this. */
export const logTailBytesMax = 4 * 1024;

/** Waiting `Event` invocations of all functions; one more is refused with 429. Our own bound. */
export const eventsWaitingMax = 10_000;
/** After a function error an event is tried again after these times, then dropped. */
export const eventRetryDelaysMs: readonly number[] = [60_000, 120_000];
/** An event that finds no free concurrency is tried again after this, until it is `eventAgeMsMax` old. */
export const eventThrottledDelayMs = 1_000;
export const eventAgeMsMax = 6 * 3_600_000;

/** An environment without an invocation for this long is dropped. */
export const environmentIdleMs = 5 * 60_000;

/** Function versions that have worker threads at once; at the bound the threads of an idle one are ended to make room. */
export const runningVersionsMax = 32;

/** Function versions of a Region with environments held ready; a further one is refused. Our own bound. */
export const provisionedVersionsMax = 16;

/**
 * Heap of one worker thread, which all its environments share; beyond it their invocations fail with
 * `Runtime.OutOfMemory`. A thousand environments of the tutorial's function need some 100 MiB.
 */
export const threadHeapMbDefault = 2_048;

/** Of one log group on disk: this many segments of this size; the oldest segment is dropped. */
export const logSegmentBytes = 4 * 1024 * 1024;
export const logSegmentsMax = 8;

/** Functions of an account here; one more is refused. Our own bound, far beyond a laptop's need. */
export const functionsMax = 1_000;
