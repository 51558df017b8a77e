/** The console's address, and who gets what there: HTTP only, the page itself is tested in a browser. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { dsql, newDataDir, startStack, type StartedStack } from "./command.ts";

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Node's fetch sets Host and Origin itself. */
function ask(url: string, { method = "GET", headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    call.on("error", reject).end(body);
  });
}

describe("the console of a started stack", () => {
  const undo: (() => unknown)[] = [];
  let stack: StartedStack;
  let dataDir: string;
  let address: string;
  let cookie: string;
  let base: string;

  before(async () => {
    const owner = { after: (run: () => unknown) => undo.push(run) };
    dataDir = newDataDir(owner);
    stack = await startStack(owner, ["--data-dir", dataDir, "--port", "0", "--aws-port", "0"]);
    base = `${stack.facts.awsEndpoint}/_dsql/`;
    const printed = await dsql(["console", "--json", "--data-dir", dataDir]);
    address = (JSON.parse(printed.stdout) as { url: string }).url;
    const { headers } = await ask(address);
    cookie = headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
  });
  after(async () => {
    for (const run of undo.reverse()) await run();
  });

  test("the printed address signs in, once: a cookie that no script reads, and an address without the token", async () => {
    const plain = await dsql(["console", "--data-dir", dataDir]);
    assert.equal(plain.stdout, `${address}\n`);
    const { status, headers } = await ask(address);
    assert.equal(status, 303);
    assert.equal(headers.location, "/_dsql/");
    const [set = ""] = headers["set-cookie"] ?? [];
    assert.match(set, /^dsql-console-\d+=[\w-]{43}; Path=\/_dsql\/; HttpOnly; SameSite=Strict$/);
    assert.ok(!set.includes(new URL(address).searchParams.get("token") ?? ""));
    const page = await ask(base, { headers: { cookie } });
    assert.equal(page.status, 200);
    assert.match(page.text, /<script type="module" src="console\.js">/);
    if (process.platform !== "win32")
      assert.equal(statSync(path.join(dataDir, "cloud", "console-key")).mode & 0o777, 0o600);
  });

  test("without the cookie nothing is there, the page's own files included, and the words say what to do", async () => {
    for (const file of ["", "console.js", "style.css", "index.html", "nothing"]) {
      const { status, text } = await ask(base + file);
      assert.deepEqual([status, /dsql console/.test(text)], [401, true], file);
    }
    for (const [method, route] of [
      ["GET", "api/conflicts"],
      ["GET", "api/events/stream"],
      ["GET", "api/stack"],
      ["POST", "api/faults"],
      ["DELETE", "api/faults"],
      ["POST", "api/sql/sessions"],
      ["POST", "faults"],
    ] as const) {
      const { status } = await ask(base + route, { method, ...(method === "POST" && { body: "{}" }) });
      assert.equal(status, 401, `${method} ${route}`);
    }
  });

  test("a token of another start, or one made up, is refused with the command that prints the new one", async () => {
    const { status, text, headers } = await ask(`${base}?token=${"x".repeat(43)}`);
    assert.equal(status, 401);
    assert.match(text, /earlier start.*npx dsql console/);
    assert.equal(headers["set-cookie"], undefined);
    for (const wrong of [
      `${cookie}x`,
      cookie.slice(0, -1),
      cookie.replace(/^dsql-console-\d+/, "dsql-console-1"),
    ])
      assert.equal((await ask(`${base}api/conflicts`, { headers: { cookie: wrong } })).status, 401);
  });

  test("a foreign name that leads here, another origin and another port of this machine get nothing", async () => {
    const port = new URL(base).port;
    const foreign: readonly Record<string, string>[] = [
      { host: "evil.example" },
      { host: `evil.example:${port}` },
      { host: `127.0.0.1.evil.example:${port}` },
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: `http://127.0.0.1:${Number(port) + 1}` },
      { origin: `http://localhost:${port}` },
    ];
    for (const headers of foreign) {
      for (const file of ["", "api/conflicts"]) {
        const { status } = await ask(base + file, { headers: { cookie, ...headers } });
        assert.equal(status, 403, `${file} ${JSON.stringify(headers)}`);
      }
      const post = { method: "POST", headers: { cookie, ...headers }, body: `{"kind":"conflict"}` };
      assert.equal((await ask(`${base}api/faults`, post)).status, 403, JSON.stringify(headers));
    }
    // A form of another port of 127.0.0.1 is same-site, so that a browser sends the cookie.
    for (const site of ["same-site", "cross-site"]) {
      const headers = { cookie, "sec-fetch-site": site };
      assert.equal((await ask(`${base}api/conflicts`, { headers })).status, 403, site);
    }
    const list = await ask(`${base}api/faults`, { headers: { cookie } });
    assert.deepEqual(JSON.parse(list.text), { faults: [] });
  });

  test("the page may load and reach what this endpoint serves, nothing else, and nobody may frame it", async () => {
    const { headers } = await ask(base, { headers: { cookie } });
    const policy = String(headers["content-security-policy"]);
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "form-action 'none'",
      "base-uri 'none'",
    ])
      assert.ok(policy.includes(part), `${part} in ${policy}`);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["access-control-allow-origin"], undefined);
  });

  test("no file outside the page's folder is served, and it is read only", async () => {
    for (const file of ["../package.json", "..%2f..%2fpackage.json", "%2e%2e/index.js", "index.js"])
      assert.notEqual((await ask(base + file, { headers: { cookie } })).status, 200, file);
    assert.equal((await ask(base, { method: "POST", headers: { cookie } })).status, 405);
  });

  test("what a browser needs to draw the page has at most 350 KB compressed, and names no other host", async () => {
    const page = await ask(base, { headers: { cookie } });
    const named = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? "");
    const files = new Set(named);
    let bytes = gzipSync(page.text).length;
    for (const file of files) {
      const { status, text } = await ask(base + file, { headers: { cookie } });
      assert.equal(status, 200, file);
      bytes += gzipSync(text).length;
      if (file.endsWith(".js"))
        for (const [, next = ""] of text.matchAll(/(?:from|import)\s*"\.\/([\w-]+\.js)"/g)) files.add(next);
      assert.doesNotMatch(
        text.replaceAll("http://www.w3.org/", ""),
        /src="https?:|url\(https?:|fetch\("https?:/,
      );
    }
    assert.ok(files.size >= 3);
    assert.ok(bytes <= 350_000, `${bytes} bytes`);
  });

  test("the cookie outlives a restart, the address does not", async () => {
    const key = readFileSync(path.join(dataDir, "cloud", "console-key"), "utf8");
    await dsql(["stop", "--data-dir", dataDir]);
    const owner = { after: (run: () => unknown) => undo.push(run) };
    const again = await startStack(owner, ["--data-dir", dataDir, "--port", "0", "--aws-port", "0"]);
    const port = new URL(again.facts.awsEndpoint).port;
    const headers = { cookie: `dsql-console-${port}=${key}` };
    assert.equal((await ask(`${again.facts.awsEndpoint}/_dsql/`, { headers })).status, 200);
    const { search } = new URL(address);
    assert.equal((await ask(`${again.facts.awsEndpoint}/_dsql/${search}`)).status, 401);
  });
});
