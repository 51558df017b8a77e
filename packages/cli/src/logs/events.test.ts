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
