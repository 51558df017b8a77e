/**
 * Amazon CloudWatch Logs as far as reading a function's log goes: groups, streams, events by time and by text.
 *
 * Filter patterns are plain words: an event matches when its message has all of them.
 */

import type { Authorizer } from "../authorization.ts";
import { permissionTable } from "../permissions/index.ts";
import {
  type JsonObject,
  type JsonOperation,
  jsonService,
  optionalText,
  paginate,
  requiredText,
  textList,
} from "../protocol/index.ts";
import { ServiceError, type Service } from "../service.ts";
import type { LogEvent, LogGroup, LogGroups } from "./log-groups.ts";

export { LogGroups } from "./log-groups.ts";

const eventsPerPageMax = 10_000;
const groupsPerPage = 50;

interface LogsOptions {
  readonly groups: LogGroups;
  readonly account: string;
  readonly region: string;
  readonly authorize: Authorizer;
}

export function createLogs(options: LogsOptions): Service {
  return jsonService({
    name: "CloudWatch Logs",
    access: {
      table: permissionTable.logs,
      account: options.account,
      authorize: options.authorize,
      facts: { groupName: groupNameIn },
    },
    operations: { ...groupOperations(options), ...streamOperations(options), ...eventOperations(options) },
  });
}

function arnOf({ account, region }: LogsOptions, name: string): string {
  return `arn:aws:logs:${region}:${account}:log-group:${name}`;
}

function groupOperations(options: LogsOptions): Record<string, JsonOperation> {
  const { groups } = options;
  const describe = (group: LogGroup): JsonObject => ({
    logGroupName: group.name,
    arn: `${arnOf(options, group.name)}:*`,
    logGroupArn: arnOf(options, group.name),
    creationTime: group.createdAtMs,
    retentionInDays: group.retentionInDays,
    logGroupClass: "STANDARD",
  });
  return {
    CreateLogGroup(input) {
      groups.create(requiredText(input, "logGroupName"));
      return {};
    },

    DeleteLogGroup(input) {
      groups.delete(groups.get(requiredText(input, "logGroupName")).name);
      return {};
    },

    PutRetentionPolicy(input) {
      const days = numberIn(input, "retentionInDays");
      groups.setRetention(groups.get(requiredText(input, "logGroupName")).name, days);
      return {};
    },

    DeleteRetentionPolicy(input) {
      groups.setRetention(groups.get(requiredText(input, "logGroupName")).name, undefined);
      return {};
    },

    DescribeLogGroups(input) {
      const prefix = optionalText(input, "logGroupNamePrefix") ?? "";
      const part = optionalText(input, "logGroupNamePattern") ?? "";
      const found = groups.all().filter(({ name }) => name.startsWith(prefix) && name.includes(part));
      const page = paginate(found, optionalText(input, "nextToken"), groupsPerPage);
      return { logGroups: page.items.map(describe), nextToken: page.nextToken };
    },
  };
}

function streamOperations(options: LogsOptions): Record<string, JsonOperation> {
  const { groups } = options;
  return {
    async DescribeLogStreams(input) {
      const group = groups.get(requiredGroupName(input));
      const prefix = optionalText(input, "logStreamNamePrefix") ?? "";
      const streams = streamsOf(await groups.events(group.name)).filter(({ name }) =>
        name.startsWith(prefix),
      );
      if (optionalText(input, "orderBy") === "LastEventTime")
        streams.sort((left, right) => left.lastMs - right.lastMs);
      if (input["descending"] === true) streams.reverse();
      const page = paginate(streams, optionalText(input, "nextToken"), groupsPerPage);
      return {
        logStreams: page.items.map(({ name, firstMs, lastMs }) => ({
          logStreamName: name,
          arn: `${arnOf(options, group.name)}:log-stream:${name}`,
          creationTime: firstMs,
          firstEventTimestamp: firstMs,
          lastEventTimestamp: lastMs,
          lastIngestionTime: lastMs,
        })),
        nextToken: page.nextToken,
      };
    },
  };
}

function eventOperations({ groups }: LogsOptions): Record<string, JsonOperation> {
  return {
    async GetLogEvents(input) {
      const group = groups.get(requiredGroupName(input));
      const stream = requiredText(input, "logStreamName");
      const all = within(await groups.events(group.name), input).filter((event) => event.stream === stream);
      const limit = pageLimit(input);
      const token = optionalText(input, "nextToken");
      const start = token === undefined ? startOf(input, all.length, limit) : tokenPosition(token);
      const events = all.slice(start, start + limit);
      return {
        events: events.map((event) => ({
          timestamp: event.atMs,
          message: event.message,
          ingestionTime: event.atMs,
        })),
        // At the end the token is the one that was sent: that is how a reader sees that there is no more.
        nextForwardToken: `f/${start + events.length}`,
        nextBackwardToken: `b/${Math.max(0, start - limit)}`,
      };
    },

    async FilterLogEvents(input) {
      const group = groups.get(requiredGroupName(input));
      const streams = new Set(textList(input, "logStreamNames"));
      const prefix = optionalText(input, "logStreamNamePrefix") ?? "";
      const words = wordsOf(optionalText(input, "filterPattern") ?? "");
      const matching = within(await groups.events(group.name), input).filter(
        (event) =>
          (streams.size === 0 || streams.has(event.stream)) &&
          event.stream.startsWith(prefix) &&
          words.every((word) => event.message.includes(word)),
      );
      const page = paginate(matching, optionalText(input, "nextToken"), pageLimit(input));
      return {
        events: page.items.map((event, index) => ({
          eventId: `${event.atMs}-${index}`,
          logStreamName: event.stream,
          timestamp: event.atMs,
          ingestionTime: event.atMs,
          message: event.message,
        })),
        nextToken: page.nextToken,
        searchedLogStreams: [],
      };
    },
  };
}

interface StreamSummary {
  readonly name: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

function streamsOf(events: readonly LogEvent[]): StreamSummary[] {
  const streams = new Map<string, StreamSummary>();
  for (const { stream: name, atMs } of events) {
    streams.set(name, { name, firstMs: streams.get(name)?.firstMs ?? atMs, lastMs: atMs });
  }
  return [...streams.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** From `startTime`, included, to `endTime`, excluded. */
function within(events: readonly LogEvent[], input: JsonObject): readonly LogEvent[] {
  const start = numberIn(input, "startTime") ?? 0;
  const end = numberIn(input, "endTime") ?? Number.POSITIVE_INFINITY;
  return events.filter((event) => event.atMs >= start && event.atMs < end);
}

function wordsOf(pattern: string): readonly string[] {
  return [...pattern.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

function startOf(input: JsonObject, count: number, limit: number): number {
  return input["startFromHead"] === true ? 0 : Math.max(0, count - limit);
}

function tokenPosition(token: string): number {
  const position = /^[fb]\/(\d{1,12})$/.exec(token)?.[1];
  if (position !== undefined) return Number(position);
  throw new ServiceError({
    code: "InvalidParameterException",
    message: "The specified nextToken is invalid.",
  });
}

function pageLimit(input: JsonObject): number {
  const limit = numberIn(input, "limit") ?? eventsPerPageMax;
  return Math.min(Math.max(1, limit), eventsPerPageMax);
}

function numberIn(input: JsonObject, name: string): number | undefined {
  const value = input[name];
  return typeof value === "number" ? value : undefined;
}

/** A group by its name, or by its ARN in `logGroupIdentifier`. */
function groupNameIn(input: JsonObject): string | undefined {
  const identifier = optionalText(input, "logGroupName") ?? optionalText(input, "logGroupIdentifier");
  return identifier?.replace(/^arn:[^:]*:logs:[^:]*:[^:]*:log-group:/, "").replace(/:\*$/, "");
}

function requiredGroupName(input: JsonObject): string {
  return groupNameIn(input) ?? requiredText(input, "logGroupName");
}
