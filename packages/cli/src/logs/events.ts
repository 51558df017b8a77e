/** Events of log groups through the CloudWatch Logs API. */
import { setTimeout as wait } from "node:timers/promises";
import { type AwsClient, AwsError } from "../stack/index.ts";

export interface LogEvent {
  readonly group: string;
  readonly stream: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly message: string;
}

export interface EventsWanted {
  readonly groups: readonly string[];
  /** Milliseconds since 1970, included. */
  readonly fromMs: number;
  /** Words that a message must have; empty for all. */
  readonly filter: string;
  readonly signal?: AbortSignal;
}

/** How long after its time an event may appear: functions hand their logs over every quarter of a second. */
const lateMsMax = 5_000;
const pollMs = 500;

/** All there are so far, oldest first. A group that does not exist yet has none. */
export async function readEvents(client: AwsClient, wanted: EventsWanted): Promise<readonly LogEvent[]> {
  const all: LogEvent[] = [];
  for (const group of wanted.groups) {
    for (let token: string | undefined = ""; token !== undefined;) {
      const page = await readPage(client, wanted, group, token);
      all.push(...page.events);
      token = page.nextToken;
    }
  }
  return all.sort((left, right) => left.atMs - right.atMs);
}

/**
 * Events as they come, until the signal ends it.
 * @param groupsNow - asked each time, since a deployment may add one
 */
export async function* followEvents(
  client: AwsClient,
  wanted: Omit<EventsWanted, "groups" | "signal"> & { readonly signal: AbortSignal },
  groupsNow: () => Promise<readonly string[]>,
): AsyncGenerator<LogEvent> {
  let { fromMs } = wanted;
  let lookedAtMs = fromMs;
  let shown = new Map<string, number>();
  while (!wanted.signal.aborted) {
    const readAtMs = Date.now();
    const events = await readEvents(client, { ...wanted, fromMs, groups: await groupsNow() });
    const seen = new Map<string, number>();
    for (const event of events) {
      const key = `${event.atMs} ${event.stream} ${event.message}`;
      const count = (seen.get(key) ?? 0) + 1;
      seen.set(key, count);
      if (count > (shown.get(key) ?? 0)) yield event;
    }
    shown = seen;
    // What is older than this has been shown already; nothing that is shown again is forgotten. From the moment of looking
    // on, not of having shown: a slow machine or terminal may take long in between.
    const wasSetBack = readAtMs < lookedAtMs;
    // Events bear the time of the clock: once that is set back, those to come are before what has been seen.
    fromMs = wasSetBack ? readAtMs - lateMsMax : Math.max(fromMs, readAtMs - lateMsMax);
    lookedAtMs = readAtMs;
    await wait(pollMs, undefined, { signal: wanted.signal }).catch(() => undefined);
  }
}

async function readPage(
  client: AwsClient,
  { fromMs, filter, signal }: EventsWanted,
  group: string,
  token: string,
): Promise<{ events: LogEvent[]; nextToken?: string }> {
  const body = JSON.stringify({
    logGroupName: group,
    startTime: fromMs,
    ...(filter === "" ? {} : { filterPattern: filter }),
    ...(token === "" ? {} : { nextToken: token }),
  });
  try {
    const { text } = await client({
      service: "logs",
      method: "POST",
      path: "/",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "Logs_20140328.FilterLogEvents",
      },
      body,
      ...(signal === undefined ? {} : { signal }),
    });
    const page = JSON.parse(text) as {
      events: { timestamp: number; message: string; logStreamName: string }[];
      nextToken?: string;
    };
    const events = page.events.map(({ timestamp, message, logStreamName }) => ({
      group,
      stream: logStreamName,
      atMs: timestamp,
      message,
    }));
    return page.nextToken === undefined ? { events } : { events, nextToken: page.nextToken };
  } catch (error) {
    if (error instanceof AwsError && error.code === "ResourceNotFoundException") return { events: [] };
    throw error;
  }
}
