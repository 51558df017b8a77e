import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { ResponseListener } from "./response-listener.ts";

async function startListener(t: TestContext): Promise<ResponseListener> {
  const dataDir = mkdtempSync(join(tmpdir(), "dsql-local-responses-"));
  const listener = new ResponseListener({ dataDir, region: "us-east-1" });
  await listener.listen();
  t.after(async () => {
    await listener.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return listener;
}

/** Sends an answer as a function would, from which connections to the address's host are led to the listener. */
function send(listener: ResponseListener, url: string, body: string, method = "PUT"): Promise<number> {
  const { hostname, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: listener.port,
        servername: hostname,
        ca: readFileSync(listener.caFile),
        path: pathname + search,
        method,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

test("an answer reaches whoever awaits it, over TLS under the name in its address", async (t) => {
  const listener = await startListener(t);
  const awaited = listener.expect("stack|Thing|1");
  assert.match(awaited.url, /^https:\/\/[^/]+\/stack%7CThing%7C1\?X-Amz-Signature=[0-9a-f]{64}$/);
  assert.equal(await send(listener, awaited.url, "the answer"), 200);
  assert.equal(await awaited.received, "the answer");
});

test("without the secret, by another method, or after it was forgotten, an answer is refused", async (t) => {
  const listener = await startListener(t);
  const awaited = listener.expect("stack|Thing|1");
  assert.equal(await send(listener, awaited.url.replace(/=.*/, `=${"0".repeat(64)}`), "x"), 403);
  assert.equal(await send(listener, awaited.url.replace(/\?.*/, ""), "x"), 403);
  assert.equal(await send(listener, awaited.url, "x", "POST"), 403);
  awaited.forget();
  assert.equal(await send(listener, awaited.url, "x"), 403);
});

test("a long answer is cut off where it is known to be too long", async (t) => {
  const listener = await startListener(t);
  const awaited = listener.expect("stack|Thing|1");
  assert.equal(await send(listener, awaited.url, "x".repeat(100_000)), 200);
  assert.equal((await awaited.received).length, 4_097);
});

test("the number of answers awaited at once is bounded", async (t) => {
  const listener = await startListener(t);
  for (let index = 0; index < 1_000; index += 1) listener.expect(`stack|Thing|${index}`);
  assert.throws(() => listener.expect("one more"), /waits for 1000 answers/);
});
