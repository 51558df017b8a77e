/** The books before and after a run, where the cluster can be reached: only Lambda is needed to make calls. */
import type { Counts } from "@dsql-local/load";
import { textOf } from "../failure.ts";
import { type Books, type Finding, judgeBooks, readBooks } from "./books.ts";
import { hasCluster, withCluster } from "./cluster.ts";
import type { HelperOptions } from "./options.ts";

/** Of what a test is given. */
type ClusterOptions = Pick<HelperOptions, "environment">;

export async function readBooksIfThere({ environment }: ClusterOptions): Promise<Books | undefined> {
  if (!hasCluster(environment)) return undefined;
  return await withCluster(environment, readBooks);
}

/**
 * @returns what was found; nothing where there were no books before. That they cannot be read any more is found too: what
 * the run has measured is worth telling all the same.
 */
export async function judgeIfRead(
  options: ClusterOptions,
  before: Books | undefined,
  told: Pick<Counts, "successes" | "unknownOutcomes">,
): Promise<readonly Finding[]> {
  if (before === undefined) return [];
  try {
    const after = await readBooksIfThere(options);
    return after === undefined ? [] : judgeBooks(before, after, told);
  } catch (error) {
    return [{ holds: false, text: `The balances could not be read after the run: ${textOf(error)}` }];
  }
}

const unchecked = "CLUSTER_ENDPOINT is not set, so the balances were not added up.\n";

/** @returns lines */
export function shown(findings: readonly Finding[]): string {
  if (findings.length === 0) return unchecked;
  return findings.map(({ holds, text }) => `${holds ? "✅" : "❌"} ${text}\n`).join("");
}
