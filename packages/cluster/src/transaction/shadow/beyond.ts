/**
 * What a shadow cannot stand for: rows that a function writes, and tables with rows of the transaction's own that are read by
 * way of a function or a view, whose text is not the statement's. The client hears at the statement that it has lost.
 *
 * Tests: test/doomed-functions-and-views.test.ts, simulation.
 */
import type { Analysis } from "../../sql/index.ts";
import { calledBy, type Catalog, mentions, type Table } from "../../catalog/index.ts";

/** @param touched - tables that are not as the snapshot has them */
export async function isBeyondShadow(
  catalog: Catalog,
  analysis: Pick<Analysis, "functions" | "relations" | "types">,
  searchPath: readonly string[],
  touched: readonly Table[],
): Promise<boolean> {
  for (const relation of analysis.relations) {
    if (touched.length === 0 || relation.role !== "source") continue;
    if ((await catalog.table(relation, searchPath)) !== undefined) continue;
    const behind = await catalog.behind(relation, searchPath);
    if (touched.some(({ oid }) => behind.has(oid))) return true;
  }
  const called = calledBy(analysis);
  if (called.length === 0) return false;
  const facts = await catalog.functions();
  if (called.some((name) => facts.changing.has(name))) return true;
  return touched.length > 0 && mentions(facts, called, new Set(touched.map(({ name }) => name)));
}
