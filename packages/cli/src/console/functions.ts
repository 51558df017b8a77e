/** The functions of the stack, invoked and listened to, by the same API as every other client's. */
import { ApiRefusal } from "@dsql-local/cloud";
import type { AwsClient } from "../stack/index.ts";
import { deployedFunctions } from "../stack/index.ts";
import { readEvents } from "../logs/index.ts";

/** Lines of a log that are shown. */
const linesMax = 300;
const logMinutes = 60;

export async function listFunctions(client: AwsClient): Promise<object> {
  const functions = await deployedFunctions(client);
  return {
    functions: functions.map(({ FunctionName, LoggingConfig }) => ({
      name: FunctionName,
      logGroup: LoggingConfig.LogGroup,
    })),
  };
}

/** @throws {ApiRefusal} the payload is no JSON, or there is no such function */
export async function invokeFunction(client: AwsClient, name: string, payload: unknown): Promise<object> {
  const startedAtMs = Date.now();
  const answer = await client({
    service: "lambda",
    method: "POST",
    path: `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`,
    headers: { "content-type": "application/json", "x-amz-log-type": "Tail" },
    body: JSON.stringify(payload ?? {}),
  }).catch((error: unknown) => {
    throw new ApiRefusal(400, (error as Error).message);
  });
  const log = answer.headers.get("x-amz-log-result");
  return {
    payload: answer.text,
    error: answer.headers.get("x-amz-function-error") ?? undefined,
    log: log === null ? "" : Buffer.from(log, "base64").toString("utf8"),
    ms: Date.now() - startedAtMs,
  };
}

export async function functionLog(client: AwsClient, name: string): Promise<object> {
  const all = await deployedFunctions(client);
  const found = all.find(({ FunctionName }) => FunctionName === name);
  if (found === undefined) throw new ApiRefusal(404, `there is no function ${name}`);
  const events = await readEvents(client, {
    groups: [found.LoggingConfig.LogGroup],
    fromMs: Date.now() - logMinutes * 60_000,
    filter: "",
  });
  return { events: events.slice(-linesMax).map(({ atMs, message }) => ({ atMs, message })) };
}
