import assert from "node:assert/strict";
import process from "node:process";
import { type TestContext, test } from "node:test";

import { type LambdaClient, type LambdaClientOptions, createLambdaClient } from "../src/index.ts";
import {
  type InvokeServer,
  type Responder,
  sendError,
  sendJson,
  startInvokeServer,
} from "./invoke-server.ts";

const transfer = { payer_id: 1, payee_id: 2, amount: 1 };
const response = { balance: 99, duration: 5, retries: 0 };

async function start(
  t: TestContext,
  respond: Responder,
  options: Partial<LambdaClientOptions> = {},
): Promise<{ client: LambdaClient; server: InvokeServer }> {
  const server = await startInvokeServer(respond);
  const client = createLambdaClient({
    target: server.target,
    functionName: "reinvent-dat401",
    parallelMax: 4,
    ...options,
  });
  t.after(async () => {
    await server.close();
    await client.close();
  });
  return { client, server };
}

test("an invocation is signed, carries its payload and brings the function's answer", async (t) => {
  const calls: unknown[] = [];
  const { client } = await start(t, (call, reply) => {
    calls.push(call);
    sendJson(reply, response);
  });
  assert.deepEqual(await client.invoke(transfer), {
    answer: { kind: "success", balance: 99, durationMs: 5, retries: 0 },
    response: JSON.stringify(response),
    throttles: 0,
    resends: 0,
    unknownOutcomes: 0,
  });
  assert.deepEqual(calls, [{ path: "/2015-03-31/functions/reinvent-dat401/invocations", payload: transfer }]);
});

test("a function named by its ARN is signed as it is sent", async (t) => {
  const { client } = await start(t, (_call, reply) => sendJson(reply, response), {
    functionName: "arn:aws:lambda:us-east-1:123456789012:function:reinvent-dat401",
  });
  assert.equal((await client.invoke(transfer)).answer.kind, "success");
});

test("a qualifier travels in the query, signed", async (t) => {
  const addresses: unknown[] = [];
  const { client } = await start(
    t,
    (_call, reply, request) => {
      addresses.push(request.url);
      sendJson(reply, response);
    },
    { qualifier: "live & warm" },
  );
  assert.equal((await client.invoke(transfer)).answer.kind, "success");
  assert.deepEqual(addresses, [
    "/2015-03-31/functions/reinvent-dat401/invocations?Qualifier=live%20%26%20warm",
  ]);
});

test("a signature with another secret is refused, and the refusal is an answer", async (t) => {
  const server = await startInvokeServer((_call, reply) => sendJson(reply, response));
  const target = { ...server.target, credential: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "other" } };
  const client = createLambdaClient({ target, functionName: "reinvent-dat401", parallelMax: 1 });
  t.after(async () => {
    await server.close();
    await client.close();
  });
  const { answer } = await client.invoke(transfer);
  assert.equal(answer.kind === "failure" && answer.code, "InvalidSignatureException");
});

test("connections are used again, and no more are opened than calls may be under way", async (t) => {
  const { client, server } = await start(t, (_call, reply) => sendJson(reply, response));
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 20 }, () => client.invoke(transfer)));
  }
  assert.equal(server.connections(), 4);
});

test("a throttled invocation is sent again and counted", async (t) => {
  let requests = 0;
  const { client } = await start(t, (_call, reply) => {
    requests++;
    if (requests <= 2) sendError(reply, 429, "TooManyRequestsException", "Rate Exceeded.");
    else sendJson(reply, response);
  });
  const { answer, throttles, resends, unknownOutcomes } = await client.invoke(transfer);
  assert.equal(answer.kind, "success");
  assert.deepEqual({ throttles, resends, unknownOutcomes }, { throttles: 2, resends: 0, unknownOutcomes: 0 });
});

test("a connection that breaks after the request is an unknown outcome, and the request is sent again", async (t) => {
  let requests = 0;
  const { client } = await start(t, (_call, reply, request) => {
    requests++;
    if (requests === 1) request.socket.destroy();
    else sendJson(reply, response);
  });
  const { answer, resends, unknownOutcomes } = await client.invoke(transfer);
  assert.equal(answer.kind, "success");
  assert.deepEqual({ resends, unknownOutcomes }, { resends: 1, unknownOutcomes: 1 });
});

test("a server that is not there is an answer with the system's code, and nothing is unknown", async (t) => {
  const target = {
    endpoint: new URL("http://127.0.0.1:1"),
    region: "us-east-1",
    credential: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  };
  const client = createLambdaClient({ target, functionName: "reinvent-dat401", parallelMax: 1 });
  t.after(() => client.close());
  const { answer, resends, unknownOutcomes } = await client.invoke(transfer);
  assert.equal(answer.kind === "failure" && answer.code, "ECONNREFUSED");
  assert.deepEqual({ resends, unknownOutcomes }, { resends: 2, unknownOutcomes: 0 });
});

test("an error thrown by the function is an answer whose outcome is unknown", async (t) => {
  const { client } = await start(t, (_call, reply) =>
    sendJson(
      reply,
      { errorType: "Sandbox.Timedout", errorMessage: "Task timed out" },
      { "x-amz-function-error": "Unhandled" },
    ),
  );
  const { answer, unknownOutcomes } = await client.invoke(transfer);
  assert.equal(answer.kind === "failure" && answer.code, "Sandbox.Timedout");
  assert.equal(unknownOutcomes, 1);
});

test("a function that does not answer in time is not asked again", async (t) => {
  let requests = 0;
  const { client } = await start(t, () => requests++, { answerTimeoutMs: 100 });
  const { answer, unknownOutcomes } = await client.invoke(transfer);
  assert.equal(answer.kind === "failure" && answer.code, "UND_ERR_HEADERS_TIMEOUT");
  assert.deepEqual({ requests, unknownOutcomes }, { requests: 1, unknownOutcomes: 1 });
});

test("an answer larger than Lambda allows is cut off", async (t) => {
  const { client } = await start(t, (_call, reply) => {
    reply.writeHead(200);
    reply.end(Buffer.alloc(7 * 1024 * 1024, 0x20));
  });
  const { answer } = await client.invoke(transfer);
  assert.match(answer.kind === "failure" ? answer.message : "", /larger than/);
});

test("an abort ends the wait before the next attempt", async (t) => {
  const controller = new AbortController();
  const { client } = await start(t, (_call, reply) => {
    sendError(reply, 429, "TooManyRequestsException", "Rate Exceeded.");
    setImmediate(() => controller.abort());
  });
  const { answer } = await client.invoke(transfer, controller.signal);
  assert.equal(answer.kind === "failure" && answer.code, "TooManyRequestsException");
});

test("many calls that wait at a time do not look like a leak of listeners", async (t) => {
  const warnings: Error[] = [];
  const listen = (warning: Error): number => warnings.push(warning);
  process.on("warning", listen);
  t.after(() => process.off("warning", listen));
  const controller = new AbortController();
  let requests = 0;
  const { client } = await start(
    t,
    (_call, reply) => {
      sendError(reply, 429, "TooManyRequestsException", "Rate Exceeded.");
      if (++requests === 100) controller.abort();
    },
    { parallelMax: 50 },
  );
  await Promise.all(Array.from({ length: 50 }, () => client.invoke(transfer, controller.signal)));
  assert.deepEqual(warnings, []);
});
