/** The books before and after a run, where the cluster can be reached: only Lambda is needed to make calls. */
import type { Counts } from "@dsql-local/load";
import { type Books, type Finding, judgeBooks, readBooks } from "./books.ts";
import { hasCluster, withCluster } from "./cluster.ts";
import type { HelperOptions } from "./options.ts";

export async function readBooksIfThere({ environment, target }: HelperOptions): Promise<Books | undefined> {
  if (!hasCluster(environment)) return undefined;
  return await withCluster({ environment, region: target.region }, readBooks);
}

/** @returns what was found; nothing where the books could not be read */
export async function judgeIfRead(
  options: HelperOptions,
  before: Books | undefined,
  told: Pick<Counts, "successes" | "unknownOutcomes">,
): Promise<readonly Finding[]> {
  const after = before && (await readBooksIfThere(options));
  return before && after ? judgeBooks(before, after, told) : [];
}

const unchecked = "CLUSTER_ENDPOINT is not set, so the balances were not added up.\n";

/** @returns lines */
export function shown(findings: readonly Finding[]): string {
  if (findings.length === 0) return unchecked;
  return findings.map(({ holds, text }) => `${holds ? "✅" : "❌"} ${text}\n`).join("");
}
