/** Runs the CDK that is installed with the tutorial, unchanged, against the local AWS endpoint. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { Failure } from "../failure.ts";
import { withoutControl } from "../terminal.ts";
import { cdkProgress } from "./cdk-progress.ts";

export interface Deployment {
  /** What the stack printed: names to values. */
  readonly outputs: Readonly<Record<string, string>>;
}

export interface DeployOptions {
  /** The CDK app: a folder with a cdk.json. */
  readonly appDir: string;
  readonly stackName: string;
  /** Where the CDK may write: the synthesised app and the stack's outputs. */
  readonly workDir: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Told what the CDK is doing, whenever that changes. */
  readonly onProgress?: (doing: string) => void;
}

/** How much of the CDK's output is kept for the case that it fails. */
const outputCharactersMax = 64 * 1024;
const outputLinesShown = 30;
/** Node shows the source line of an error, and the CDK's sources are one line each. */
const lineCharactersMax = 240;

export async function deploy(options: DeployOptions): Promise<Deployment> {
  const cdk = cdkProgram(options.appDir);
  const outputsFile = path.join(options.workDir, "cdk-outputs.json");
  // Beside the app the CDK would refuse to run while another deploys the same app.
  const assemblyDir = path.join(options.workDir, "cdk.out");
  const { code, output } = await runProgram(
    [
      cdk,
      "deploy",
      ...["--require-approval", "never", "--progress", "events"],
      ...["--outputs-file", outputsFile, "--output", assemblyDir],
    ],
    options,
  );
  if (code !== 0) {
    throw new Failure(`cdk deploy ended with exit code ${code}:\n\n${endOf(output)}\n`, {
      remedy: `To repeat it by hand: npx dsql start, then in ${options.appDir}: npx cdk deploy`,
    });
  }
  const stacks = JSON.parse(await readFile(outputsFile, "utf8")) as Record<string, Record<string, string>>;
  const outputs = stacks[options.stackName];
  if (!outputs) throw new Failure(`cdk deploy left no outputs of ${options.stackName} in ${outputsFile}`);
  return { outputs };
}

function endOf(output: string): string {
  const lines = output.trimEnd().split("\n").slice(-outputLinesShown);
  return lines.map((line) => withoutControl(line.slice(0, lineCharactersMax)).trimEnd()).join("\n");
}

/** What `npx cdk` would run in that folder, without npx: it is the same on every platform and needs no shell. */
function cdkProgram(appDir: string): string {
  try {
    const manifest = createRequire(path.join(appDir, "package.json")).resolve("aws-cdk/package.json");
    return path.join(path.dirname(manifest), "bin", "cdk");
  } catch (error) {
    throw new Failure(`the CDK is not installed for ${appDir}`, {
      remedy: "Run npm ci first.",
      cause: error,
    });
  }
}

function runProgram(
  args: readonly string[],
  options: DeployOptions,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: options.appDir,
      env: options.environment,
      stdio: ["ignore", "pipe", "pipe"],
      ...(options.signal && { signal: options.signal }),
    });
    let output = "";
    const keep = (chunk: string): void => {
      output = (output + chunk).slice(-outputCharactersMax);
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", keep);
      createInterface({ input: stream }).on("line", (line) => {
        const doing = cdkProgress(withoutControl(line));
        if (doing !== undefined) options.onProgress?.(doing);
      });
    }
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code: code ?? 1, output });
    });
  });
}
