/** `dsql start --latency`: the name of a profile, or a JSON file with delays of one's own. */
import { readFile } from "node:fs/promises";
import type { LatencyProfile } from "@dsql-local/cluster";
import { exitCodes, Failure } from "./failure.ts";

/** @throws {Failure} there is neither such a profile nor such a file, or what is in it is wrong; said before anything is started */
export async function readLatencyOption(nameOrFile: string): Promise<LatencyProfile> {
  const { latencyProfiles, readLatency } = await import("@dsql-local/cluster");
  const names = Object.keys(latencyProfiles);
  if (names.includes(nameOrFile)) return readLatency(nameOrFile);
  try {
    return readLatency(JSON.parse(await readFile(nameOrFile, "utf8")));
  } catch (cause) {
    throw new Failure(`--latency ${nameOrFile}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      remedy: `Name a profile (${names.join(", ")}), or a JSON file such as {"roundTripMs":2,"commitMs":5}.`,
      exitCode: exitCodes.usage,
      cause,
    });
  }
}
