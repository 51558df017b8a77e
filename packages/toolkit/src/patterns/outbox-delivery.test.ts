import assert from "node:assert/strict";
import { test } from "node:test";
import { delayBefore, deliver } from "./outbox-delivery.ts";

test("what can be sent together is sent once", async () => {
  const calls: string[][] = [];
  const { sent, failed } = await deliver(["a", "b"], async (messages) => void calls.push([...messages]));
  assert.deepEqual([sent, failed, calls], [["a", "b"], [], [["a", "b"]]]);
});

test("what fails together is sent one by one, and only what fails alone has failed", async () => {
  const error = new Error("too large");
  const delivery = await deliver(["a", "poison", "b"], (messages) =>
    messages.includes("poison") ? Promise.reject(error) : Promise.resolve(),
  );
  assert.deepEqual(delivery, { sent: ["a", "b"], failed: [{ message: "poison", error }] });
});

test("a receiver that is out of reach is not asked for each of many messages", async () => {
  let calls = 0;
  const messages = Array.from({ length: 100 }, (_, number) => number);
  const { sent, failed } = await deliver(messages, () => Promise.reject(new Error(`call ${++calls}`)));
  assert.deepEqual([calls, sent], [4, []]);
  assert.deepEqual(
    failed.map(({ message }) => message),
    [0, 1, 2],
  );
});

test("one message that fails is not sent a second time", async () => {
  let calls = 0;
  const { failed } = await deliver(["poison"], () => Promise.reject(new Error(`call ${++calls}`)));
  assert.equal(failed.length, 1);
  assert.equal(calls, 1);
});

test("attempts come later and later, at most an hour apart", () => {
  assert.deepEqual([1, 2, 3, 13, 1_000].map(delayBefore), [1_000, 2_000, 4_000, 3_600_000, 3_600_000]);
});
