import assert from "node:assert/strict";
import { test } from "node:test";
import type { AwsClient } from "../stack/index.ts";
import { followEvents } from "./events.ts";

test("an event that appears while a look takes long is shown by the next", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const ending = new AbortController();
  const event = { timestamp: 1_000_100, logStreamName: "stream", message: "appeared in between" };
  let looks = 0;
  const client: AwsClient = ({ body = "" }) => {
    looks += 1;
    const { startTime } = JSON.parse(body) as { startTime: number };
    const events = looks > 1 && event.timestamp >= startTime ? [event] : [];
    t.mock.timers.setTime(1_060_000); // The first look takes a minute.
    if (looks === 3) ending.abort();
    return Promise.resolve({ status: 200, headers: new Headers(), text: JSON.stringify({ events }) });
  };
  const wanted = { fromMs: 999_000, filter: "", signal: ending.signal };
  const shown: string[] = [];
  for await (const { message } of followEvents(client, wanted, () => Promise.resolve(["group"]))) {
    shown.push(message);
  }
  assert.deepEqual(shown, ["appeared in between"]);
});

test("events are shown after the clock was set back by an hour", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 10_000_000 });
  const ending = new AbortController();
  const log: { timestamp: number; logStreamName: string; message: string }[] = [];
  let looks = 0;
  const client: AwsClient = ({ body = "" }) => {
    looks += 1;
    if (looks === 2) t.mock.timers.setTime(6_400_000);
    log.push({ timestamp: Date.now(), logStreamName: "stream", message: `look ${looks}` });
    if (looks === 4) ending.abort();
    const { startTime } = JSON.parse(body) as { startTime: number };
    const events = log.filter(({ timestamp }) => timestamp >= startTime);
    return Promise.resolve({ status: 200, headers: new Headers(), text: JSON.stringify({ events }) });
  };
  const wanted = { fromMs: 10_000_000, filter: "", signal: ending.signal };
  const shown: string[] = [];
  for await (const { message } of followEvents(client, wanted, () => Promise.resolve(["group"]))) {
    shown.push(message);
  }
  assert.deepEqual(shown, ["look 1", "look 2", "look 3", "look 4"]);
});
