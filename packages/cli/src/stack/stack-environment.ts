/** The environment of `dsql env` for a running stack, on top of this process's own NODE_OPTIONS. */
import process from "node:process";
import { preloadFile } from "@dsql-local/cloud/preload-file";
import { administratorKey, signToken } from "./credentials.ts";
import { environmentOf } from "./environment.ts";
import type { StackFacts } from "./stack-facts.ts";

/** PGPASSWORD cannot renew itself, and a shell is open for longer than a token's usual quarter of an hour. */
export const shellTokenSeconds = 12 * 60 * 60;

export async function stackEnvironment(
  facts: StackFacts,
  options: { expiresInSeconds: number } = { expiresInSeconds: shellTokenSeconds },
): Promise<Record<string, string>> {
  const { accessKeyId, secretAccessKey } = administratorKey(facts);
  return environmentOf({
    facts,
    accessKeyId,
    secretAccessKey,
    token: signToken(facts, { user: "admin", expiresInSeconds: options.expiresInSeconds }),
    preloadFile,
    nodeOptions: process.env["NODE_OPTIONS"],
  });
}
