/** The real CDK CLI, unchanged, in an environment as `dsql env` makes it and nothing besides. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export interface CdkPlace {
  /** The app's folder. */
  readonly app: string;
  /** Where the CLI keeps its own files. */
  readonly home: string;
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export interface CdkRun {
  /** -1 when it was ended. */
  readonly code: number;
  /** Both streams together. */
  readonly output: string;
}

/** A CLI run takes some seconds, on a busy machine a minute; one that is not done by then hangs. */
export const runMsMax = 600_000;

export function startCdk(
  { app, home, endpoint, credentials }: CdkPlace,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): ChildProcess {
  const require = createRequire(import.meta.url);
  const cli = join(dirname(require.resolve("aws-cdk/package.json")), "bin", "cdk");
  return spawn(process.execPath, [cli, ...args, "--no-color", "--no-notices"], {
    cwd: app,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
      HOME: home,
      CI: "true",
      NODE_NO_WARNINGS: "1",
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: "us-east-1",
      ...variables,
    },
    timeout: runMsMax,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** What a child has written so far, both streams together. */
export function collect(child: ChildProcess): { text: string } {
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => (output.text += chunk));
  }
  return output;
}

export async function runCdk(
  place: CdkPlace,
  args: readonly string[],
  variables?: Readonly<Record<string, string>>,
): Promise<CdkRun> {
  const child = startCdk(place, args, variables);
  const output = collect(child);
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? -1, output: output.text };
}
