/** A chapter's function, bundled as the CDK would and held by processes of ours: execution-environment.ts. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Chapter, tutorialDir } from "./chapter-files.ts";
import type { Call, Outcome } from "./execution-environment.ts";

export interface DeployOptions {
  /** Where the bundle goes. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** How many serve at a time. */
  readonly environments: number;
}

/** A chapter's function in as many execution environments. */
export class DeployedFunction {
  readonly #process: ChildProcess;
  readonly #callers = new Map<number, (outcome: Outcome) => void>();

  private constructor(child: ChildProcess) {
    this.#process = child;
    child.on("message", (outcome: Outcome) => {
      this.#callers.get(outcome.id)?.(outcome);
      this.#callers.delete(outcome.id);
    });
    // Lambda's own word for a function whose process is gone.
    child.on("exit", () => {
      for (const [id, tell] of this.#callers) tell({ id, thrown: "Runtime.ExitError" });
      this.#callers.clear();
    });
  }

  static async of(
    chapter: Chapter,
    { folder, environment, environments }: DeployOptions,
  ): Promise<DeployedFunction> {
    const bundle = await bundleLambda(chapter, "index.ts", folder);
    const program = fileURLToPath(new URL("./execution-environment.js", import.meta.url));
    return new DeployedFunction(
      fork(program, [bundle, String(environments)], { env: environment, execArgv: [] }),
    );
  }

  /** @param remainingMs - what the function is told about its time, in place of the truth */
  async invoke(event: unknown, remainingMs?: readonly number[]): Promise<Outcome> {
    const id = this.#callers.size === 0 ? 0 : Math.max(...this.#callers.keys()) + 1;
    return await new Promise((resolve) => {
      this.#callers.set(id, resolve);
      this.#process.send({ id, event, remainingMs } satisfies Call);
    });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.disconnect();
    await ended;
  }
}

/** @returns the file of the bundle */
export async function bundleLambda(chapter: Chapter, entry: string, folder: string): Promise<string> {
  const outfile = path.join(folder, `${chapter}-${entry}.cjs`);
  await build({
    entryPoints: [path.join(tutorialDir, chapter, "lambda", "src", entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
  });
  return outfile;
}
