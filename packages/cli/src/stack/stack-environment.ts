/** The environment of `dsql env` for a running stack, on top of this process's own NODE_OPTIONS. */
import process from "node:process";
import { preloadFile } from "@dsql-local/cloud/preload-file";
import { administratorKey, signToken } from "./credentials.ts";
import { bundleWith } from "./ca-bundle.ts";
import { environmentOf, unsetNames } from "./environment.ts";
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
    caBundle: await bundleWith(facts.caFile, process.env["NODE_EXTRA_CA_CERTS"]),
    nodeOptions: process.env["NODE_OPTIONS"],
  });
}

/** What `dsql env` sets, on top of the present environment without what it unsets. */
export async function childEnvironment(facts: StackFacts): Promise<NodeJS.ProcessEnv> {
  const present = Object.entries(process.env).filter(
    ([name]) => !(unsetNames as readonly string[]).includes(name),
  );
  return { ...Object.fromEntries(present), ...(await stackEnvironment(facts)) };
}
