/**
 * Asynchronous invocations: queued, tried again, and told of when they have ended.
 *
 * Promises: an event is tried until it succeeds, its retries are used up or it is too old; then its end is told, once.
 *
 * Source: AWS Lambda Developer Guide, "Invoking a Lambda function asynchronously".
 */
export { type EventEnd, EventQueue } from "./event-queue.ts";
export { eventRecord } from "./event-record.ts";
