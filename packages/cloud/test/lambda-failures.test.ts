/** Every way in which a function can fail is answered in Lambda's shape, and harms no other. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { startLambda, zipOf, type LocalLambda } from "./lambda-support.ts";

function local(t: TestContext, options: Parameters<typeof startLambda>[0] = {}): LocalLambda {
  const started = startLambda(options);
  t.after(() => started.close());
  return started;
}

interface Failure {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

async function failure(lambda: LocalLambda, name: string, event?: unknown): Promise<Failure> {
  const { value, functionError } = await lambda.invoke(name, event);
  assert.equal(functionError, "Unhandled");
  return value as Failure;
}

/** Serves `{ kind }` in one way each; `calls` counts what the environment has served. */
const versatile = `
  let calls = 0;
  exports.handler = async ({ kind, waitMs = 0 }) => {
    calls += 1;
    const before = calls;
    switch (kind) {
      case "throw": throw new TypeError("broken");
      case "text": throw "just text";
      case "exit": process.exit(3);
      case "rejection": Promise.reject(new Error("nobody cares")); break;
      case "exception": setTimeout(() => { throw new RangeError("in a timer"); }, 5); break;
      case "never": return new Promise(() => {});
      case "loop": for (;;);
      case "socket": require("node:net").connect(1, "127.0.0.1"); break;
      case "circle": { const circle = {}; circle.self = circle; return circle; }
      case "large": return "x".repeat(7 * 1024 * 1024);
      case "memory": { const all = []; for (;;) all.push(new Array(1e6).fill(Math.random())); }
    }
    await new Promise((resolve) => setTimeout(resolve, kind === undefined ? waitMs : 1_000));
    return before;
  };`;

test("what a handler throws is the payload, with its trace, and the environment serves on", async (t) => {
  const lambda = local(t);
  const name = await lambda.deploy(versatile);

  const error = await failure(lambda, name, { kind: "throw" });

  assert.equal(error.errorType, "TypeError");
  assert.equal(error.errorMessage, "broken");
  assert.match(error.trace?.[1] ?? "", /index\.js:\d+/);
  assert.deepEqual(await failure(lambda, name, { kind: "text" }), {
    errorType: "string",
    errorMessage: "just text",
    trace: [],
  });
  assert.equal((await lambda.invoke(name, {})).value, 3);
});

test("a handler that takes too long is answered at its timeout and its environment is gone", async (t) => {
  const lambda = local(t);
  const name = await lambda.deploy(versatile, { Timeout: 1 });

  const { payload, functionError } = await lambda.lambda.invoke({
    functionName: name,
    payload: '{"kind":"never"}',
    requestId: "request-1",
  });

  assert.equal(functionError, "Unhandled");
  assert.deepEqual(JSON.parse(payload), {
    errorType: "Sandbox.Timedout",
    errorMessage: "RequestId: request-1 Error: Task timed out after 1.00 seconds",
  });
  assert.equal((await lambda.invoke(name, {})).value, 1);
});

test("an endless loop is ended at the timeout, and the next invocation runs in a new thread", async (t) => {
  const lambda = local(t);
  const name = await lambda.deploy(versatile, { Timeout: 1 });
  await Promise.all([lambda.invoke(name, { waitMs: 50 }), lambda.invoke(name, { waitMs: 50 })]);

  const other = lambda.invoke(name, { waitMs: 900 });
  const error = await failure(lambda, name, { kind: "loop" });

  assert.equal(error.errorType, "Sandbox.Timedout");
  assert.match(JSON.stringify((await other).value), /Sandbox\.Timedout|Runtime\.ExitError/);
  assert.equal((await lambda.invoke(name, {})).value, 1);
});

test("an endless loop of one function leaves another function's invocations alone", async (t) => {
  const lambda = local(t);
  const blocked = await lambda.deploy(versatile, { Timeout: 1 });
  const healthy = await lambda.deploy(versatile);

  const [error, { value }] = await Promise.all([
    failure(lambda, blocked, { kind: "loop" }),
    lambda.invoke(healthy, { waitMs: 500 }),
  ]);

  assert.equal(error.errorType, "Sandbox.Timedout");
  assert.equal(value, 1);
});

test("an exit, a rejection and an exception that nobody handles end their own environment only", async (t) => {
  const lambda = local(t);
  const name = await lambda.deploy(versatile);
  const others = Array.from({ length: 5 }, () => lambda.invoke(name, { waitMs: 600 }));

  const [exit, rejection, exception, socket] = await Promise.all([
    failure(lambda, name, { kind: "exit" }),
    failure(lambda, name, { kind: "rejection" }),
    failure(lambda, name, { kind: "exception" }),
    failure(lambda, name, { kind: "socket" }),
  ]);

  assert.equal(exit.errorType, "Runtime.ExitError");
  assert.match(exit.errorMessage, /^RequestId: \S+ Error: Runtime exited with error: exit status 3$/);
  assert.equal(rejection.errorType, "Runtime.UnhandledPromiseRejection");
  assert.equal(rejection.errorMessage, "Error: nobody cares");
  assert.equal(exception.errorType, "RangeError");
  assert.equal(exception.errorMessage, "in a timer");
  assert.match(socket.errorMessage, /ECONNREFUSED/);
  for (const other of await Promise.all(others))
    assert.deepEqual(other, { value: 1, functionError: undefined });
});

test("a function that runs out of memory fails, and the process goes on", async (t) => {
  const lambda = local(t, { threadHeapMb: 128 });
  const name = await lambda.deploy(versatile, { Timeout: 60 });

  const error = await failure(lambda, name, { kind: "memory" });

  assert.equal(error.errorType, "Runtime.OutOfMemory");
  assert.equal((await lambda.invoke(name, {})).value, 1);
});

test("a value that JSON cannot carry and one that is too large are errors", async (t) => {
  const lambda = local(t);
  const name = await lambda.deploy(versatile);

  assert.equal((await failure(lambda, name, { kind: "circle" })).errorType, "TypeError");
  assert.equal((await failure(lambda, name, { kind: "large" })).errorType, "Function.ResponseSizeTooLarge");
});

test("a payload that is not JSON or too large never reaches the handler", async (t) => {
  const { deploy, lambda } = local(t);
  const functionName = await deploy(versatile);

  await assert.rejects(lambda.invoke({ functionName, payload: "{" }), {
    code: "InvalidRequestContentException",
    status: 400,
  });
  await assert.rejects(lambda.invoke({ functionName, payload: "{", invocationType: "Event" }), {
    code: "InvalidRequestContentException",
  });
  await assert.rejects(lambda.invoke({ functionName, payload: Buffer.alloc(7 * 1024 * 1024, 32) }), {
    code: "RequestTooLargeException",
    status: 413,
  });
  await assert.rejects(
    lambda.invoke({ functionName, payload: Buffer.alloc(2 * 1024 * 1024, 32), invocationType: "Event" }),
    { code: "RequestTooLargeException" },
  );
});

const unloadable: [
  title: string,
  files: Record<string, string>,
  handler: string,
  type: string,
  message: RegExp,
][] = [
  [
    "has no such file",
    { "other.js": "" },
    "index.handler",
    "Runtime.ImportModuleError",
    /^Error: Cannot find module 'index'/,
  ],
  [
    "requires what is not there",
    { "index.js": "require('./gone')" },
    "index.handler",
    "Runtime.ImportModuleError",
    /Cannot find module '\.\/gone'/,
  ],
  [
    "does not parse",
    { "index.js": "exports.handler = async ( => {" },
    "index.handler",
    "Runtime.UserCodeSyntaxError",
    /^SyntaxError: /,
  ],
  [
    "does not parse as a module",
    { "index.mjs": "export const = 1" },
    "index.handler",
    "Runtime.UserCodeSyntaxError",
    /^SyntaxError: /,
  ],
  [
    "exports no handler",
    { "index.js": "exports.other = 1" },
    "index.handler",
    "Runtime.HandlerNotFound",
    /^index\.handler is undefined or not exported$/,
  ],
  [
    "exports a handler that is no function",
    { "index.js": "exports.handler = 1" },
    "index.handler",
    "Runtime.HandlerNotFound",
    /is not a function/,
  ],
  [
    "throws while it loads",
    { "index.js": "throw new EvalError('at start')" },
    "index.handler",
    "EvalError",
    /^at start$/,
  ],
  [
    "has a handler without a dot",
    { "index.js": "" },
    "index",
    "Runtime.MalformedHandlerName",
    /^Bad handler/,
  ],
  [
    "exits while it loads",
    { "index.js": "process.exit(1)" },
    "index.handler",
    "Runtime.ExitError",
    /exit status 1/,
  ],
];

for (const [title, files, handler, type, message] of unloadable) {
  test(`code that ${title} fails each invocation with ${type}`, async (t) => {
    const lambda = local(t);
    const name = await lambda.deploy(files, { Handler: handler });

    for (let attempt = 0; attempt < 2; attempt += 1) {
      const error = await failure(lambda, name);
      assert.equal(error.errorType, type);
      assert.match(error.errorMessage, message);
    }
  });
}

test("code that loads for too long is given up after 10 seconds", async (t) => {
  const lambda = local(t);
  const name = await lambda.deploy({
    "index.mjs": "await new Promise(() => {}); export const handler = async () => 1;",
  });

  assert.equal((await failure(lambda, name)).errorType, "Sandbox.Timedout");
});

test("a zip that is none, leads out of its folder or holds a symbolic link is refused, and nothing is kept", async (t) => {
  const lambda = local(t);
  const refused = async (zip: Uint8Array, message: RegExp): Promise<void> => {
    await assert.rejects(lambda.deploy({}, { FunctionName: "refused", Code: { ZipFile: zip } }), {
      code: "InvalidParameterValueException",
      message,
    });
    await lambda.restart();
    assert.throws(() => lambda.lambda.getFunction("refused"), { code: "ResourceNotFoundException" });
  };
  const link = Buffer.from(zipOf({ link: "/etc/passwd" }));
  const header = link.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  link.writeUInt8(3, header + 5);
  link.writeUInt32LE((0o120777 << 16) >>> 0, header + 38);

  await refused(Buffer.from("not a zip at all, but some text of a length"), /Could not unzip uploaded file/);
  await refused(zipOf({ "../outside.js": "" }), /leads out of its folder: \.\.\/outside\.js/);
  await refused(zipOf({ "/absolute.js": "" }), /leads out of its folder/);
  await refused(link, /symbolic link: link/);
  await refused(zipOf("exports.handler = 1").subarray(0, 60), /Could not unzip uploaded file/);
});
