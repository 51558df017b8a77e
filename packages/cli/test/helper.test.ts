/** The helper as a program, against a server that speaks Lambda's Invoke. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";

const helperFile = fileURLToPath(new URL("../../bin/helper.js", import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  args: readonly string[],
  environment: Record<string, string>,
): { child: ChildProcess; ran: Promise<Ran> } {
  const child = spawn(process.execPath, [helperFile, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ran = new Promise<Ran>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  return { child, ran };
}

/** @param respond - what the function answers to the n-th call, counted from 1 */
async function functionThat(
  t: TestContext,
  respond: (call: number, payload: unknown, address: string) => unknown,
): Promise<Record<string, string>> {
  let calls = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      calls++;
      response.writeHead(200, { "content-type": "application/json" });
      const payload: unknown = JSON.parse(Buffer.concat(chunks).toString());
      response.end(JSON.stringify(respond(calls, payload, request.url ?? "")));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "secret-of-the-test",
  };
}

test("chapter 4 prints the talk's lines and exits 0", async (t) => {
  const environment = await functionThat(t, (call) =>
    call % 50 === 0
      ? {
          error: "change conflicts with another transaction (OC000)",
          errorCode: "40001",
          duration: 9,
          retries: 0,
        }
      : { balance: 99, duration: 5, retries: 0 },
  );
  const args = ["--test-chapter", "4", "--invocations", "200", "--parallel", "20", "--seed", "7"];
  const { code, stdout, stderr } = await start(args, environment).ran;
  assert.equal(stderr, "");
  assert.match(
    stdout,
    /^Testing Chapter 4: Stress Test - 200 Invocations \(20 parallel x 10 iterations\)\n\n/,
  );
  assert.match(stdout, /^\[100%\] {4}200\/200 calls \| +\d+ calls\/s \| Success: {2}98\.0% \| \d+\.\ds$/m);
  assert.match(stdout, /^Successful: {9}196 \(98\.00%\)$/m);
  assert.match(stdout, /^ {2}change conflicts with another transaction \(OC000\) \(40001\): 4$/m);
  assert.match(stdout, /^Random seed: 7$/m);
  assert.match(stdout, /✅ Chapter 4 test complete\n$/);
  assert.equal(code, 0);
});

test("chapter 6 prints the talk's lines, with its workers", async (t) => {
  const environment = await functionThat(t, () => ({ balance: 99, duration: 5, retries: 0 }));
  const args = ["--test-chapter", "6", "--invocations", "1000", "--parallel", "100", "--seed", "7"];
  const { code, stdout } = await start(args, environment).ran;
  assert.match(
    stdout,
    /^Testing Chapter 6: Extreme Stress Test - 1K Invocations \(100 parallel x 10 iterations\)\n\n/,
  );
  assert.match(
    stdout,
    /^Number of workers: 50\n\nStarting 50 workers\.\.\.\nEach worker handles 2 parallel calls per iteration, for 10 iterations\nCreated 50 worker\(s\) in \d+ thread\(s\)$/m,
  );
  assert.match(stdout, /^Successful: {9}1,000 \(100\.00%\)$/m);
  assert.match(stdout, /✅ Chapter 6 test complete\n$/);
  assert.equal(code, 0);
});

test("sustained load prints a line for each interval and ends with the statistics", async (t) => {
  const environment = await functionThat(t, () => ({ balance: 99, duration: 5, retries: 0 }));
  const args = ["sustained-load", "--rate", "100", "--duration", "2", "--interval", "1"];
  const { code, stdout } = await start(args, environment).ran;
  assert.match(stdout, /^Sustained load: 100 calls\/second for 2 s, at most 1000 at a time$/m);
  assert.match(
    stdout,
    /^\[ *\d+\.\d\ds\] +\d+ calls\/s \| p50 .* p99\.9 .* ms \| \d+ retries\/s \| errors 0 /m,
  );
  assert.match(stdout, /^Latency, from when each call was due:$/m);
  assert.match(stdout, /^Total calls: {8}200$/m);
  assert.equal(code, 0);
});

test("Ctrl-C ends sustained load with a summary; with --json each interval is a line", async (t) => {
  const environment = await functionThat(t, (call) => {
    if (call === 150) child.kill("SIGINT");
    return { balance: 99, duration: 5, retries: 0 };
  });
  const { child, ran } = start(["sustained-load", "--rate", "100", "--interval", "1", "--json"], environment);
  const { code, stdout } = await ran;
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string; wasAborted?: boolean; calls: number });
  assert.equal(lines[0]?.event, "interval");
  assert.deepEqual([lines.at(-1)?.event, lines.at(-1)?.wasAborted], ["summary", true]);
  assert.equal(code, 130);
});

test("the setup without a cluster says what to set", async (t) => {
  const environment = await functionThat(t, () => ({}));
  const { code, stderr } = await start(["setup-ch06"], environment).ran;
  assert.match(stderr, /CLUSTER_ENDPOINT is not set\n.*dsql env/);
  assert.equal(code, 1);
});

test("chapter 4 in which no transfer succeeds fails", async (t) => {
  const environment = await functionThat(t, () => ({ error: "no", errorCode: "08006" }));
  const { code, stdout } = await start(["test-chapter", "4", "--invocations", "10"], environment).ran;
  assert.match(stdout, /❌ Chapter 4 test FAILED: no transfer succeeded\n$/);
  assert.equal(code, 1);
});

test("the same seed asks for the same transfers", async (t) => {
  const asked: string[][] = [[], []];
  for (const transfers of asked) {
    const environment = await functionThat(t, (_call, payload) => {
      transfers.push(JSON.stringify(payload));
      return { balance: 1 };
    });
    await start(["--test-chapter", "4", "--invocations", "50", "--parallel", "1", "--seed", "7"], environment)
      .ran;
  }
  assert.equal(asked[0]?.length, 50);
  assert.deepEqual(asked[0], asked[1]);
});

test("with --json the result is one line and nothing else", async (t) => {
  const environment = await functionThat(t, () => ({ balance: 99, duration: 5, retries: 1 }));
  const { code, stdout } = await start(["--test-chapter", "4", "--invocations", "10", "--json"], environment)
    .ran;
  assert.equal(stdout.split("\n").length, 2);
  const result = JSON.parse(stdout) as {
    chapter: number;
    passed: boolean;
    successes: number;
    retries: object;
  };
  assert.deepEqual(
    { code, ...result },
    {
      ...result,
      code: 0,
      chapter: 4,
      passed: true,
      successes: 10,
      retries: { total: 10, max: 1, callsWithRetries: 10 },
    },
  );
});

test("Ctrl-C ends the stress test in order: statistics are printed, the exit code is 130", async (t) => {
  const environment = await functionThat(t, (call) => {
    if (call === 100) child.kill("SIGINT");
    return { balance: 99, duration: 5, retries: 0 };
  });
  const { child, ran } = start(
    ["--test-chapter", "4", "--invocations", "1000000", "--parallel", "10"],
    environment,
  );
  const { code, stdout } = await ran;
  assert.match(stdout, /^Interrupted: {8}[\d,]+ calls were not made$/m);
  assert.match(stdout, /Chapter 4 test interrupted\n$/);
  assert.equal(code, 130);
});

test("Ctrl-C ends the calls of all threads in order", async (t) => {
  let calls = 0;
  const environment = await functionThat(t, (call) => {
    calls = call;
    if (call === 100) child.kill("SIGINT");
    return { balance: 99, duration: 5, retries: 0 };
  });
  const { child, ran } = start(
    ["--test-chapter", "6", "--invocations", "1000000", "--parallel", "10", "--threads", "2", "--json"],
    environment,
  );
  const { code, stdout, stderr } = await ran;
  const result = JSON.parse(stdout) as { calls: number; successes: number; wasAborted: boolean };
  assert.deepEqual([result.calls, result.successes, result.wasAborted], [calls, calls, true]);
  assert.match(stderr, /waiting for what is under way/);
  assert.equal(code, 130);
});

/** In the helper: a signal ends the first thread that it starts, as running out of memory would. */
const killable = `import process from "node:process";
let first;
process.on("worker", (worker) => (first ??= worker));
process.on("SIGUSR2", () => first.terminate());`;

test(
  "a thread that dies fails the test; what was counted is printed",
  { skip: process.platform === "win32" && "there are no such signals" },
  async (t) => {
    const environment = await functionThat(t, (call) => {
      if (call === 100) child.kill("SIGUSR2");
      return { balance: 99, duration: 5, retries: 0 };
    });
    const { child, ran } = start(
      [
        "--test-chapter",
        "6",
        "--invocations",
        "1000000",
        "--parallel",
        "10",
        "--threads",
        "2",
        "--seed",
        "7",
      ],
      { ...environment, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(killable)}` },
    );
    const { code, stdout } = await ran;
    assert.match(stdout, /^Total calls: +[\d,]+$/m);
    assert.match(
      stdout,
      /❌ Chapter 6 test FAILED: 1 of 2 threads died: a thread that makes calls exited with code 1$/m,
    );
    assert.match(stdout, /--seed 7 --threads 1$/m);
    assert.equal(code, 1);
  },
);

test("chapter 3 prints the response and the payer's balance", async (t) => {
  const environment = await functionThat(t, () => ({ balance: 90 }));
  const { code, stdout } = await start(["test-chapter", "-c", "3"], environment).ran;
  assert.equal(
    stdout,
    `Testing Chapter 3: Money transfer

Invoking Lambda function 'reinvent-dat401' with payload '{"payer_id":1,"payee_id":2,"amount":10}'
Response: {
  "balance": 90
}

✅ Chapter 3 test PASSED
Payer balance after transfer: 90
`,
  );
  assert.equal(code, 0);
});

test("chapter 3 can be tested any number of times: a payer who has nothing left is paid back", async (t) => {
  const environment = await functionThat(t, (_call, payload) =>
    (payload as { payer_id: number }).payer_id === 1
      ? { error: "Insufficient balance", errorCode: "InsufficientBalance" }
      : { balance: 190 },
  );
  const { code, stdout } = await start(["--test-chapter", "3"], environment).ran;
  assert.match(stdout, /^Account 1 has less than 10 left: account 2 pays back\.$/m);
  assert.match(stdout, /✅ Chapter 3 test PASSED\nPayer balance after transfer: 190\n$/);
  assert.equal(code, 0);
});

test("an alias is invoked where one is named", async (t) => {
  const environment = await functionThat(t, (_call, _payload, address) => ({
    greeting: `Hello from ${address}, connected to DSQL successfully!`,
  }));
  const { code, stdout } = await start(["test-chapter", "2", "--qualifier", "live"], environment).ran;
  assert.match(stdout, /^Invoking Lambda function 'reinvent-dat401:live' with/m);
  assert.match(stdout, /invocations\?Qualifier=live,/);
  assert.equal(code, 0);
});

test("without keys in the environment the credentials are those of the profile", async (t) => {
  const { AWS_ENDPOINT_URL } = await functionThat(t, () => ({ balance: 90 }));
  const folder = mkdtempSync(path.join(os.tmpdir(), "dsql-helper-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = path.join(folder, "credentials");
  writeFileSync(
    file,
    "[talk]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret-of-the-test\n",
  );
  const environment = {
    AWS_ENDPOINT_URL: AWS_ENDPOINT_URL!,
    AWS_REGION: "us-east-1",
    AWS_SHARED_CREDENTIALS_FILE: file,
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const right = await start(["--test-chapter", "3"], { ...environment, AWS_PROFILE: "talk" }).ran;
  assert.match(right.stdout, /✅ Chapter 3 test PASSED/);
  const wrong = await start(["--test-chapter", "3"], { ...environment, AWS_PROFILE: "other" }).ran;
  assert.match(wrong.stderr, /^error: .*other/);
  assert.equal(wrong.code, 1);
});

test("chapter 1 recognises that the function may not connect yet", async (t) => {
  const environment = await functionThat(t, () => ({
    error: "unable to accept connection, access denied",
    errorCode: "08006",
  }));
  const { code, stdout } = await start(["--test-chapter", "1"], environment).ran;
  assert.match(stdout, /^❌ Chapter 1 test FAILED with AccessDenied error$/m);
  assert.equal(code, 1);
});

test("chapter 2 passes when the function says that it is connected", async (t) => {
  const environment = await functionThat(t, (_call, payload) => ({
    greeting: `Hello ${(payload as { name: string }).name}, connected to DSQL successfully!`,
  }));
  const { code, stdout } = await start(["--test-chapter", "2"], environment).ran;
  assert.match(stdout, /✅ Chapter 2 test PASSED\n$/);
  assert.equal(code, 0);
});

test("an answer that a mistake on the way explains is followed by what to do", async (t) => {
  const environment = await functionThat(t, () => ({
    error: "permission denied for table accounts",
    errorCode: "42501",
  }));
  const shown = await start(["--test-chapter", "3"], environment).ran;
  assert.match(
    shown.stdout,
    /FAILED: permission denied .*\nAs admin, in psql: GRANT ALL ON public\.accounts TO myapp;\n$/,
  );
  const { stdout } = await start(["--test-chapter", "3", "--json"], environment).ran;
  const { errorCode, remedy } = JSON.parse(stdout) as { errorCode: string; remedy: string };
  assert.deepEqual([errorCode, remedy.startsWith("As admin")], ["42501", true]);
});

test("with --json a test that cannot be made is one line of JSON too", async (t) => {
  const environment = await functionThat(t, () => ({ balance: 90 }));
  const { code, stdout, stderr } = await start(["--test-chapter", "5", "--json"], environment).ran;
  const result = JSON.parse(stdout) as object;
  assert.deepEqual(
    { ...result, remedy: "" },
    { chapter: 5, passed: false, reason: "CLUSTER_ENDPOINT is not set", remedy: "" },
  );
  assert.match(stderr, /CLUSTER_ENDPOINT is not set/);
  assert.equal(code, 1);
});

test("chapter 5 without a cluster says what to set", async (t) => {
  const environment = await functionThat(t, () => ({ balance: 90 }));
  const { code, stderr } = await start(["--test-chapter", "5"], environment).ran;
  assert.match(stderr, /CLUSTER_ENDPOINT is not set\n.*dsql env/);
  assert.equal(code, 1);
});

for (const [wrong, args, words] of [
  ["a chapter that does not exist", ["--test-chapter", "seven"], /number from 0 to 6/],
  ["no chapter", [], /Usage: helper/],
  ["two setups", ["--setup-ch06", "--setup-ch04"], /cannot be used with option/],
  ["a rate of nothing", ["sustained-load", "--rate", "0"], /greater than 0/],
  ["threads of sustained load", ["sustained-load", "--threads", "2"], /--threads is not for sustained-load/],
  ["more threads than are of use", ["--test-chapter", "6", "--threads", "65"], /At most 64 threads/],
  ["no calls at a time", ["--test-chapter", "4", "--parallel", "0"], /greater than 0/],
] as const) {
  test(`${wrong} is wrong usage: exit code 2`, async () => {
    const { code, stderr } = await start(args, {}).ran;
    assert.match(stderr, words);
    assert.equal(code, 2);
  });
}

test("without credentials the helper says how to get them", async () => {
  const { code, stderr } = await start(["--test-chapter", "3"], {
    AWS_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_SHARED_CREDENTIALS_FILE: "none",
    AWS_CONFIG_FILE: "none",
  }).ran;
  assert.match(stderr, /AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set\n.*dsql env/);
  assert.equal(code, 1);
});
