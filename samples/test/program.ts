/** The samples as programs: started as their READMEs say, judged by their exit code and what they print. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";

/** This file runs as `samples/test/dist/program.js`. */
export const samplesDir = path.resolve(import.meta.dirname, "..", "..");

const notSamples = new Set(["node_modules", "test"]);

export const sampleNames: readonly string[] = readdirSync(samplesDir, { withFileTypes: true })
  .filter(({ name }) => !name.startsWith("."))
  .filter((entry) => entry.isDirectory() && !notSamples.has(entry.name))
  .map(({ name }) => name)
  .sort();

/** For `test()`: why samples that need packages of npm are skipped, or false. They are installed all together. */
export const skipUnlessInstalled: string | false = existsSync(path.join(samplesDir, "node_modules", "tsx"))
  ? false
  : "not installed; `npm run samples` installs and runs it";

const programMsMax = 600_000;
const outputBytesMax = 4_000_000;

/**
 * @returns what the program has printed to its standard output
 * @throws {Error} it failed, or did not end within ten minutes; with all that it has printed
 */
export async function run(
  sample: string,
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      cwd: path.join(samplesDir, sample),
      env: environment,
      timeout: programMsMax,
      maxBuffer: outputBytesMax,
      shell: process.platform === "win32",
    });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`samples/${sample}: ${[command, ...args].join(" ")} failed\n${stdout}${stderr}`, {
      cause: error,
    });
  }
}

/** Runs a script of the sample's package.json. */
export function runScript(sample: string, script: string, environment: NodeJS.ProcessEnv): Promise<string> {
  return run(sample, "npm", ["run", "--silent", script], environment);
}
