/** The faults of `dsql start --faults`: a JSON file with a list of them. */
import { readFile } from "node:fs/promises";
import type { FaultOptions } from "@dsql-local/cluster";
import { exitCodes, Failure } from "./failure.ts";

/** @throws {Failure} the file cannot be read, or what is in it is no list of faults; said before anything is started */
export async function readFaults(file: string): Promise<readonly FaultOptions[]> {
  const { readFault } = await import("@dsql-local/cluster");
  try {
    const given: unknown = JSON.parse(await readFile(file, "utf8"));
    if (!Array.isArray(given)) throw new RangeError("it is no list");
    return given.map((one: unknown) => readFault(one));
  } catch (cause) {
    throw new Failure(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      remedy: 'Write a list in JSON, such as [{"kind":"conflict","table":"account","every":3}].',
      exitCode: exitCodes.usage,
      cause,
    });
  }
}
