/** Which request is answered where. */
import { ApiRefusal, type ApiRequest, type Cloud, type ConsoleParts } from "@dsql-local/cloud";
import type { Cluster } from "@dsql-local/cluster";
import { consoleFolder } from "@dsql-local/console";
import { type AwsClient, awsClient, factsOf } from "../stack/index.ts";
import { functionLog, invokeFunction, listFunctions } from "./functions.ts";
import type { SqlSessions } from "./sql-sessions.ts";

export interface ConsoleOf {
  readonly cluster: Cluster;
  /** Undefined until it has been made. */
  readonly cloud: () => Cloud | undefined;
}

type Answer = (request: ApiRequest, named: string) => Promise<object>;

export function createConsole(of: ConsoleOf): ConsoleParts {
  let opened: Promise<SqlSessions> | undefined;
  // Driver and parser are loaded when somebody looks: a start need not wait for them.
  const sql = (): Promise<SqlSessions> =>
    (opened ??= import("./sql-sessions.ts").then((part) => new part.SqlSessions(of.cluster)));
  const answers = { ...sqlAnswers(sql), ...stackAnswers(of) };
  return {
    folder: consoleFolder,
    answer: async (request) => {
      for (const [pattern, answer] of Object.entries(answers)) {
        const named = matched(pattern, `${request.method} ${request.path}`);
        if (named !== undefined) return answer(request, named);
      }
      return undefined;
    },
    close: async () => {
      (await opened)?.closeAll();
    },
  };
}

function sqlAnswers(sql: () => Promise<SqlSessions>): Readonly<Record<string, Answer>> {
  return {
    "GET sql/sessions": async () => ({ sessions: (await sql()).list() }),
    "POST sql/sessions": async (request) => ({ session: await (await sql()).open(await fieldsOf(request)) }),
    "POST sql/sessions/*/run": async (request, id) =>
      (await sql()).run(Number(id), (await fieldsOf(request))["sql"]),
    "DELETE sql/sessions/*": async (_request, id) => {
      const sessions = await sql();
      sessions.close(Number(id));
      return { sessions: sessions.list() };
    },
    "POST lint": async (request) => {
      const { sql: text } = await fieldsOf(request);
      if (typeof text !== "string") throw new ApiRefusal(400, "sql is the text to check");
      const { lintTexts } = await import("dsql-toolkit/lint");
      return { findings: (await lintTexts([{ file: "statement.sql", text }])).findings };
    },
  };
}

function stackAnswers({ cluster, cloud }: ConsoleOf): Readonly<Record<string, Answer>> {
  const aws = (): AwsClient => {
    const started = cloud();
    if (started === undefined) throw new ApiRefusal(503, "the AWS endpoint is not ready yet");
    return awsClient(factsOf(cluster, started));
  };
  return {
    "GET stack": async () => {
      const { endpoint, region, account, host, port, dataDir } = cluster;
      return { endpoint, region, account, host, port, dataDir };
    },
    "GET schema": async () => ({ tables: await (await import("./schema.ts")).readSchema(cluster) }),
    "GET schema/jobs": async () => ({ jobs: await (await import("./schema.ts")).readJobs(cluster) }),
    "GET functions": async () => listFunctions(aws()),
    "POST functions/*/invoke": async (request, name) =>
      invokeFunction(aws(), name, (await fieldsOf(request))["payload"]),
    "GET functions/*/log": async (_request, name) => functionLog(aws(), name),
  };
}

/** @returns what stands for `*`, empty where the pattern has none; undefined where it does not fit */
function matched(pattern: string, asked: string): string | undefined {
  const [before = "", after] = pattern.split("*");
  if (after === undefined) return pattern === asked ? "" : undefined;
  if (!asked.startsWith(before) || !asked.endsWith(after)) return undefined;
  const named = asked.slice(before.length, asked.length - after.length);
  return /^[\w.-]+$/.test(named) ? named : undefined;
}

async function fieldsOf(request: ApiRequest): Promise<Readonly<Record<string, unknown>>> {
  const body = await request.json();
  if (typeof body !== "object" || body === null) throw new ApiRefusal(400, "the body is a JSON object");
  return body as Record<string, unknown>;
}
