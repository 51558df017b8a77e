/** `dsql invoke` and `dsql logs` with functions that a stack deployed. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { awsClient } from "../src/stack/index.ts";
import { dsql, eventually, freePorts, newDataDir, startStack, type StartedStack } from "./command.ts";

const dsqlFile = fileURLToPath(new URL("../../bin/dsql.js", import.meta.url));

const source = `exports.handler = async (event) => {
  console.log("got " + JSON.stringify(event));
  if (event.fail) throw new Error("it went wrong");
  return { echo: event };
};`;

const template = {
  Resources: {
    Role: {
      Type: "AWS::IAM::Role",
      Properties: {
        AssumeRolePolicyDocument: {
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" },
          ],
        },
      },
    },
    Function: {
      Type: "AWS::Lambda::Function",
      Properties: {
        FunctionName: "echo",
        Runtime: "nodejs22.x",
        Handler: "index.handler",
        Role: { "Fn::GetAtt": ["Role", "Arn"] },
        Code: { ZipFile: source },
      },
    },
    Version: { Type: "AWS::Lambda::Version", Properties: { FunctionName: { Ref: "Function" } } },
    Alias: {
      Type: "AWS::Lambda::Alias",
      Properties: {
        FunctionName: { Ref: "Function" },
        FunctionVersion: { "Fn::GetAtt": ["Version", "Version"] },
        Name: "live",
      },
    },
  },
};

describe("with a deployed function", () => {
  let stack: StartedStack;
  let dataDir: string;
  const undone: (() => unknown)[] = [];
  const owner = { after: (run: () => unknown) => void undone.push(run) };
  after(async () => {
    for (const run of undone) await run();
  });

  before(async () => {
    dataDir = newDataDir(owner);
    stack = await startStack(owner, ["--data-dir", dataDir, ...freePorts]);
    await cloudFormation({
      Action: "CreateStack",
      StackName: "functions",
      TemplateBody: JSON.stringify(template),
      "Capabilities.member.1": "CAPABILITY_IAM",
    });
    await eventually("the stack is created", async () =>
      (await cloudFormation({ Action: "DescribeStacks", StackName: "functions" })).includes(
        "<StackStatus>CREATE_COMPLETE<",
      ),
    );
  });

  async function cloudFormation(parameters: Record<string, string>): Promise<string> {
    const { text } = await awsClient(stack.facts)({
      service: "cloudformation",
      method: "POST",
      path: "/",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(parameters).toString(),
    });
    return text;
  }

  const run = (args: readonly string[], stdin?: string) =>
    dsql([...args, "--data-dir", dataDir], stdin === undefined ? {} : { stdin });

  test("invoke prints what the function returned, whichever way the event is given", async () => {
    const file = path.join(path.dirname(dataDir), "event.json");
    writeFileSync(file, '{"from": "file"}');
    for (const [args, stdin, expected] of [
      [["invoke", "echo"], undefined, {}],
      [["invoke", "echo", '{"n":1}'], undefined, { n: 1 }],
      [["invoke", "echo", "-"], '{"from": "stdin"}', { from: "stdin" }],
      [["invoke", "echo", "--payload-file", file], undefined, { from: "file" }],
    ] as const) {
      const { code, stdout, stderr } = await run(args, stdin);
      assert.deepEqual(JSON.parse(stdout), { echo: expected });
      assert.deepEqual([code, stderr], [0, ""]);
    }
  });

  test("invoke leads an alias to its version, and says which ran with --json", async () => {
    for (const args of [["echo:live"], ["echo", "--qualifier", "live"]]) {
      const { stdout } = await run(["invoke", ...args, "--json"]);
      const answer = JSON.parse(stdout) as Record<string, unknown>;
      assert.equal(answer["statusCode"], 200);
      assert.equal(answer["executedVersion"], "1");
      assert.deepEqual(answer["payload"], { echo: {} });
      assert.match(String(answer["log"]), /START RequestId/);
    }
  });

  test("a function that fails exits 1 with its payload on stdout; --log shows its log", async () => {
    const { code, stdout, stderr } = await run(["invoke", "echo", '{"fail":true}', "--log"]);
    assert.equal(code, 1);
    assert.equal((JSON.parse(stdout) as { errorMessage: string }).errorMessage, "it went wrong");
    assert.match(stderr, /got \{"fail":true\}/);
    assert.match(stderr, /error: the function failed \(Unhandled\)/);
  });

  test("what cannot be sent is refused with what to do", async () => {
    const noJson = await run(["invoke", "echo", "{x}"]);
    assert.equal(noJson.code, 2);
    assert.match(noJson.stderr, /the payload is not JSON.*single quotes/s);
    const noFile = await run(["invoke", "echo", "--payload-file", "/no/such/file"]);
    assert.equal(noFile.code, 2);
    assert.match(noFile.stderr, /cannot read \/no\/such\/file: ENOENT/);
    const twice = await run(["invoke", "echo", "{}", "--payload-file", "x"]);
    assert.equal(twice.code, 2);
  });

  test("a function that nobody deployed is refused with those that are there", async () => {
    for (const command of ["invoke", "logs"]) {
      const { code, stderr } = await run([command, "nobody"]);
      assert.equal(code, 1);
      assert.match(stderr, /Deployed here: echo/, command);
    }
  });

  test("invoke and logs look in the Region that is named, or that the ARN names", async () => {
    for (const [args, region] of [
      [["invoke", "echo", "--region", "eu-west-1"], "eu-west-1"],
      [["invoke", "arn:aws:lambda:eu-west-2:123456789012:function:echo"], "eu-west-2"],
    ] as const) {
      const { code, stderr } = await run(args);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`Function not found: arn:aws:lambda:${region}:`));
    }
    const elsewhere = await run(["logs", "echo", "--region", "eu-west-1"]);
    assert.match(elsewhere.stderr, /there is no function echo[^]*No function is deployed/);
    const here = await run(["invoke", "echo", "--region", "us-east-1"]);
    assert.deepEqual(JSON.parse(here.stdout), { echo: {} });
  });

  test("logs shows what the function wrote, as lines and as JSON", async () => {
    await run(["invoke", "echo", '{"mark":"one"}']);
    let stdout = "";
    // Functions hand their logs over from time to time, not with each call.
    await eventually("the log has the call", async () => {
      ({ stdout } = await run(["logs", "echo", "--filter", '"mark"']));
      return stdout !== "";
    });
    assert.match(stdout, /^\d\d:\d\d:\d\d\.\d{3}Z .*\tINFO\tgot \{"mark":"one"\}$/m);
    const json = await run(["logs", "--json", "--since", "1m"]);
    const events = json.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { group: string });
    assert.deepEqual([...new Set(events.map(({ group }) => group))], ["/aws/lambda/echo"]);
    assert.equal((await run(["logs", "echo", "--since", "0s"])).stdout, "");
  });

  test("logs -f shows each event once as it comes, and Ctrl-C ends it", async () => {
    const child = spawn(process.execPath, [
      dsqlFile,
      "logs",
      "echo",
      "-f",
      "--since",
      "1m",
      "--data-dir",
      dataDir,
    ]);
    const ended = once(child, "close");
    let shown = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      shown += chunk;
    });
    // One after the other: the follower may begin after the first call, so it looks back; the second comes while it follows.
    for (const mark of ["the first", "the second"]) {
      await run(["invoke", "echo", JSON.stringify(mark)]);
      await eventually(`the follower shows ${mark}`, () => shown.includes(mark));
    }
    child.kill("SIGINT");
    assert.deepEqual(await ended, [0, null]);
    assert.equal(shown.split("the first").length, 2);
    assert.equal(shown.split("the second").length, 2);
  });
});
