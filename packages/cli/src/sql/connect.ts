/** A connection to the running cluster, verified like a real one: TLS with the cluster's name, an IAM token. */
import { readFile } from "node:fs/promises";
import pg from "pg";
import { Failure } from "../failure.ts";
import type { StackFacts } from "../stack/index.ts";

const connectMsMax = 10_000;

export async function connect(facts: StackFacts, login: { user: string; token: string }): Promise<pg.Client> {
  const client = new pg.Client({
    host: facts.host,
    port: facts.port,
    user: login.user,
    password: login.token,
    database: "postgres",
    ssl: { ca: await readFile(facts.caFile, "utf8"), servername: facts.clusterEndpoint },
    connectionTimeoutMillis: connectMsMax,
    application_name: "dsql",
  });
  // A connection that breaks while nothing is asked of it must not end the program; the next query reports it.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw connectFailure(error, facts, login.user);
  }
  return client;
}

function connectFailure(error: unknown, facts: StackFacts, user: string): Failure {
  const { message, code, hint } = error as { message: string; code?: string; hint?: string };
  if (code === "28000") {
    const reason = hint === undefined ? "" : ` ${hint}`;
    return new Failure(`the cluster refused user "${user}": ${message} (${code}).${reason}`, {
      remedy:
        user === "admin"
          ? undefined
          : `A role other than admin needs: CREATE ROLE ${user} WITH LOGIN, and AWS IAM GRANT ${user} TO '<your ARN>'.`,
      cause: error,
    });
  }
  return new Failure(`no connection to the cluster at ${facts.host}:${facts.port}: ${message}`, {
    remedy: "dsql status says whether it runs.",
    cause: error,
  });
}
