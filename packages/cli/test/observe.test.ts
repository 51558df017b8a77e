/** `dsql conflicts`, `dsql fault` and the HTTP they ask by, on a started stack. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { Activity } from "@dsql-local/cluster";
import { dsql, newDataDir, startStack, type StartedStack } from "./command.ts";

describe("a stack that is observed", () => {
  const undo: (() => unknown)[] = [];
  let stack: StartedStack;
  let dataDir: string;
  let token: string;

  before(async () => {
    const owner = { after: (run: () => unknown) => undo.push(run) };
    dataDir = newDataDir(owner);
    stack = await startStack(owner, ["--data-dir", dataDir, "--port", "0", "--aws-port", "0", "--verbose"]);
    token = readFileSync(tokenFile(), "utf8");
    await sql("CREATE TABLE account (id int PRIMARY KEY, balance int)");
    await sql("INSERT INTO account VALUES (471147114, 100)");
  });
  after(async () => {
    for (const run of undo.reverse()) await run();
  });

  const tokenFile = (): string => path.join(dataDir, "cloud", "api-token");
  const here = (...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> =>
    dsql([...args, "--data-dir", dataDir]);
  const sql = (text: string): ReturnType<typeof here> => here("sql", text);

  interface Asked {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  }

  /** Node's fetch sets Host and Origin itself. */
  const ask = (
    asked: string,
    { method = "GET", headers = {}, body }: Asked = {},
  ): Promise<[number, string]> =>
    new Promise((resolve, reject) => {
      const call = request(`${stack.facts.awsEndpoint}${asked}`, { method, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => {
          resolve([response.statusCode ?? 0, text]);
        });
      });
      call.on("error", reject).end(body);
    });

  test("a fault makes a conflict, which is told as a story, with and without values, and logged without", async () => {
    const made = await here("fault", "conflict", "--table", "account", "--times", "1");
    assert.equal(made.stdout, "1 conflict table=account times=1: 0 injected of 0 that matched\n");
    const lost = await sql("UPDATE account SET balance = 471147115 WHERE id = 471147114");
    assert.notEqual(lost.code, 0);
    assert.match(lost.stderr, /OC000/);
    assert.equal((await here("fault", "list")).stdout, "No faults.\n");
    const story = (await here("conflicts", "--table", "account")).stdout;
    assert.match(story, /OC000 account \(injected\)/);
    assert.match(story, /balance = 471147115/);
    const hidden = await here("conflicts", "--no-values", "--json");
    const conflict = JSON.parse(hidden.stdout) as { isInjected: boolean; wrote: string[] };
    assert.equal(conflict.isInjected, true);
    assert.deepEqual(conflict.wrote, ["UPDATE account SET balance = ? WHERE id = ?"]);
    assert.equal((await here("conflicts", "--table", "other")).stdout, "");
    const { stderr } = stack.output();
    assert.match(stderr, /"event":"transaction.lost"/);
    assert.match(stderr, /"event":"fault.injected"/);
    assert.doesNotMatch(stderr, /47114711[45]/);
  });

  test("top shows a line a look in a pipe, and as JSON the sessions, their transactions and statements by fingerprint", async () => {
    const watching = here("top", "--json", "--interval", "0.1", "--count", "40");
    for (let run = 0; run < 3; run++) await sql("UPDATE account SET balance = balance WHERE id = 471147114");
    const looks = (await watching).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Activity);
    assert.equal(looks.length, 40);
    const again = await here("top", "--json", "--count", "1");
    const { counts, statements, sessions, sinceMs } = JSON.parse(again.stdout) as Activity;
    assert.equal(sinceMs, looks[0]?.sinceMs, "who asks again soon goes on");
    assert.ok(counts.committed >= 1);
    assert.ok(Array.isArray(sessions));
    const updates = statements.find(({ fingerprint }) => fingerprint.startsWith("UPDATE account"));
    assert.equal(updates?.fingerprint, "UPDATE account SET balance = balance WHERE id = ?");
    assert.ok(updates.calls >= 1 && updates.p50Ms > 0);
    const line = await here("top", "--count", "1");
    assert.match(
      line.stdout,
      /^\d\d:\d\d:\d\d {2}commits -\/s {2}conflicts -\/s .*sessions \d+ {2}transactions \d+\n$/,
    );
    assert.match((await here("top", "--interval", "never")).stderr, /0\.1 to 3600 seconds/);
  });

  test("faults are injected, listed and ended over HTTP", async () => {
    const headers = { authorization: `Bearer ${token}` };
    const fault = { kind: "unavailable", applicationName: "nobody" };
    const [status, made] = await ask("/_dsql/faults", {
      method: "POST",
      headers,
      body: JSON.stringify(fault),
    });
    assert.equal(status, 201);
    const { id } = (JSON.parse(made) as { fault: { id: number } }).fault;
    assert.match((await ask("/_dsql/api/faults", { headers }))[1], /"unavailable"/);
    assert.equal((await ask(`/_dsql/api/faults/${id}`, { method: "DELETE", headers }))[0], 200);
    assert.equal((await ask(`/_dsql/api/faults/${id}`, { method: "DELETE", headers }))[0], 404);
    assert.equal((await here("fault", "clear")).stdout, "No faults.\n");
  });

  test("a fault that there is not is refused, with those that there are", async () => {
    const refused = await here("fault", "earthquake");
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /there is no fault "earthquake"; there are: conflict, /);
    const headers = { authorization: `Bearer ${token}` };
    const [status, text] = await ask("/_dsql/faults", { method: "POST", headers, body: "{kind}" });
    assert.equal(status, 400);
    assert.match(text, /the body is no JSON/);
    assert.equal(
      (await ask("/_dsql/faults", { method: "POST", headers, body: "x".repeat(100_000) }))[0],
      413,
    );
    assert.equal((await ask("/_dsql/api/conflicts?since=x", { headers }))[0], 400);
    assert.equal((await ask("/_dsql/api/other", { headers }))[0], 404);
  });

  test("without the token, under another name or from another origin nothing is told", async () => {
    assert.equal((statSync(tokenFile()).mode & 0o077).toString(8), "0");
    const authorization = `Bearer ${token}`;
    const of = async (headers: Record<string, string>): Promise<number> =>
      (await ask("/_dsql/api/conflicts", { headers }))[0];
    assert.equal(await of({ authorization }), 200);
    assert.equal(await of({}), 401);
    assert.equal(await of({ authorization: `Bearer ${"x".repeat(token.length)}` }), 401);
    assert.equal(await of({ authorization, host: "evil.example" }), 403);
    assert.equal(await of({ authorization, host: "127.0.0.1.evil.example" }), 403);
    assert.equal(await of({ authorization, origin: "http://evil.example" }), 403);
  });

  test("events come as a stream", async () => {
    const response = await fetch(`${stack.facts.awsEndpoint}/_dsql/api/events/stream`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const reader = (response.body as ReadableStream<Uint8Array>)
      .pipeThrough(new TextDecoderStream())
      .getReader();
    let text = (await reader.read()).value ?? "";
    assert.match(text, /^: events follow/);
    await sql("UPDATE account SET balance = 100 WHERE id = 471147114");
    while (!text.includes("event: transactionCommitted")) text += (await reader.read()).value ?? "";
    assert.match(text, /"changedRows":1/);
    await reader.cancel();
  });
});
