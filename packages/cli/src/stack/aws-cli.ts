/**
 * Whether this machine's AWS CLI goes where `dsql env` sends it. One that does not know AWS_ENDPOINT_URL calls AWS itself, with
 * whatever the command changes there.
 *
 * Source: the AWS CLI's change logs, "endpoint URL … via an environment variable": 2.13.0 and 1.29.0, July 2023.
 * Tests: aws-cli.test.ts.
 */
import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";

/** By major version: the oldest minor that reads AWS_ENDPOINT_URL. */
const minorMin: Readonly<Record<number, number>> = { 1: 29, 2: 13 };

export const oldestAwsCli = "2.13 (or 1.29)";

export interface AwsCli {
  readonly version: string;
  /** It reads AWS_ENDPOINT_URL, and so reaches the local stack. */
  readonly isUsable: boolean;
}

/** @param printed - by `aws --version`: `aws-cli/2.9.19 Python/3.11.2 Linux/6.1 …`. @returns undefined for anything else */
export function awsCliOf(printed: string): AwsCli | undefined {
  const [, version = "", major = "", minor = ""] = /^aws-cli\/((\d+)\.(\d+)\S*)/.exec(printed) ?? [];
  if (version === "") return undefined;
  // A later major version is not taken for an older one.
  const least = minorMin[Number(major)] ?? (Number(major) > 2 ? 0 : Infinity);
  return { version, isUsable: Number(minor) >= least };
}

/** It is a Python program: a cold start on a busy machine takes its time, and nothing hangs on the answer. */
const answerMsMax = 30_000;

/** @returns undefined where there is none on the PATH, or none that answers */
export async function installedAwsCli(
  environment: NodeJS.ProcessEnv = process.env,
): Promise<AwsCli | undefined> {
  try {
    const run = promisify(execFile);
    const { stdout, stderr } = await run("aws", ["--version"], { env: environment, timeout: answerMsMax });
    // Older ones write it to stderr.
    return awsCliOf(stdout) ?? awsCliOf(stderr);
  } catch {
    return undefined;
  }
}
