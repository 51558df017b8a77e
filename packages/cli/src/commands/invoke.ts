import { readFile } from "node:fs/promises";
import process from "node:process";
import { text } from "node:stream/consumers";
import { Command, Option } from "commander";
import { exitCodes, Failure } from "../failure.ts";
import { dataDirOption, nonEmpty, regionName, resolveDataDir } from "../options.ts";
import { painter, withoutControl } from "../terminal.ts";
import { awsClient, type AwsAnswer, runningStack, withFunctionNames } from "../stack/index.ts";

interface InvokeOptions {
  readonly dataDir: string;
  readonly payloadFile?: string;
  readonly qualifier?: string;
  readonly region?: string;
  readonly event: boolean;
  readonly log: boolean;
  readonly json: boolean;
}

export function invokeCommand(): Command {
  return new Command("invoke")
    .description(
      "Invokes a deployed function and prints the payload it returns: what `aws lambda invoke` does, without the AWS CLI.\n" +
        "Exit code 0: the function returned; 1: it failed, or there is none of this name; 2: the payload is no JSON.",
    )
    .argument("<function>", "its name, name:alias, name:version, or its ARN")
    .argument("[payload]", "the event as JSON, or - to read it from stdin; {} unless given")
    .addOption(dataDirOption())
    .addOption(new Option("--payload-file <file>", "read the event from a file").argParser(nonEmpty))
    .addOption(new Option("--qualifier <name>", "an alias or a version").argParser(nonEmpty))
    .addOption(
      new Option(
        "--region <region>",
        "where it is deployed (default: that of its ARN, or of the stack)",
      ).argParser(regionName),
    )
    .option("--event", "do not wait for the function: invoke it asynchronously", false)
    .option("--log", "print the last 4 KB of its log to stderr", false)
    .option("--json", "print one line of JSON: status, version, error, payload, log", false)
    .addHelpText(
      "after",
      `
Examples:
  $ npx dsql invoke reinvent-dat401
  $ npx dsql invoke reinvent-dat401 '{"payer_id": 1, "payee_id": 2, "amount": 10}'
  $ npx dsql invoke reinvent-dat401 --payload-file event.json --log
  $ echo '{"name": "x"}' | npx dsql invoke my-function:live - | jq .
`,
    )
    .action(invoke);
}

async function invoke(
  functionName: string,
  payload: string | undefined,
  options: InvokeOptions,
): Promise<void> {
  const body = await readPayload(payload, options);
  const stack = await runningStack(resolveDataDir(options.dataDir));
  const region = options.region ?? regionOfArn(functionName) ?? stack.region;
  const client = awsClient({ ...stack, region });
  const answer = await client({
    service: "lambda",
    method: "POST",
    path: `/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`,
    query: options.qualifier === undefined ? [] : [["Qualifier", options.qualifier]],
    headers: {
      "content-type": "application/json",
      "x-amz-invocation-type": options.event ? "Event" : "RequestResponse",
      ...(options.log || options.json ? { "x-amz-log-type": "Tail" } : {}),
    },
    body,
  }).catch(async (error: unknown) => {
    throw await withFunctionNames(client, functionName, error);
  });
  if (options.json) process.stdout.write(`${answerAsJson(answer)}\n`);
  else printAnswer(answer, options);
  if (answer.headers.has("x-amz-function-error")) process.exitCode = exitCodes.failed;
}

function regionOfArn(functionName: string): string | undefined {
  return /^arn:aws:lambda:([a-z0-9-]+):/.exec(functionName)?.[1];
}

async function readPayload(payload: string | undefined, { payloadFile }: InvokeOptions): Promise<string> {
  if (payload !== undefined && payloadFile !== undefined) {
    throw new Failure("the payload is given twice, as an argument and with --payload-file", {
      exitCode: exitCodes.usage,
    });
  }
  const given = payloadFile === undefined ? await argument(payload) : await fileText(payloadFile);
  if (given.trim() === "") return "{}";
  try {
    JSON.parse(given);
    return given;
  } catch (error) {
    throw new Failure(`the payload is not JSON: ${(error as Error).message}`, {
      remedy: `In a shell put it between single quotes: '{"name": "x"}'`,
      exitCode: exitCodes.usage,
    });
  }
}

async function argument(payload: string | undefined): Promise<string> {
  return payload === "-" ? text(process.stdin) : (payload ?? "");
}

async function fileText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new Failure(`cannot read ${file}: ${(cause as NodeJS.ErrnoException).code ?? "unknown"}`, {
      exitCode: exitCodes.usage,
      cause,
    });
  }
}

/** The payload as it came, or laid out for a reader at a terminal. */
function printAnswer({ status, headers, text: payload }: AwsAnswer, { event }: InvokeOptions): void {
  const log = logOf(headers);
  if (log !== undefined) process.stderr.write(withoutControl(log));
  if (event) {
    process.stderr.write(`Accepted (${status}); see what it does with: npx dsql logs -f\n`);
    return;
  }
  const error = headers.get("x-amz-function-error");
  if (error !== null) {
    const paint = painter(process.stderr);
    process.stderr.write(`${paint.red("error:")} the function failed (${error})\n`);
  }
  const shown = process.stdout.isTTY ? withoutControl(JSON.stringify(JSON.parse(payload), null, 2)) : payload;
  process.stdout.write(`${shown}\n`);
}

function answerAsJson({ status, headers, text: payload }: AwsAnswer): string {
  return JSON.stringify({
    statusCode: status,
    executedVersion: headers.get("x-amz-executed-version") ?? undefined,
    functionError: headers.get("x-amz-function-error") ?? undefined,
    payload: payload === "" ? undefined : (JSON.parse(payload) as unknown),
    log: logOf(headers),
  });
}

function logOf(headers: Headers): string | undefined {
  const tail = headers.get("x-amz-log-result");
  return tail === null ? undefined : Buffer.from(tail, "base64").toString("utf8");
}
