/** Asks a running stack's `/_dsql/`, with the token that its owner alone can read. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Failure } from "../failure.ts";
import type { StackFacts } from "./stack-facts.ts";

export type ObservationClient = (
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: object,
) => Promise<unknown>;

/** @throws {Failure} what the stack has refused, in its words */
export function observationClient({ awsEndpoint, dataDir }: StackFacts): ObservationClient {
  return async (method, asked, body) => {
    const token = await readFile(path.join(dataDir, "cloud", "api-token"), "utf8").catch((cause: unknown) => {
      throw new Failure("the token of the stack cannot be read", {
        remedy: "Start the stack again with this version of dsql, as the same user.",
        cause,
      });
    });
    const response = await fetch(`${awsEndpoint}/_dsql/api/${asked}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as { error?: string };
    if (!response.ok) throw new Failure(answer.error ?? `the stack answered ${response.status}`);
    return answer;
  };
}
