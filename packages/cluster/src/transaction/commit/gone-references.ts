/**
 * References that an older snapshot still shows, while PostgreSQL's foreign keys, which look for them in the present, find
 * none: the row that they are to must not go, or they go with it.
 *
 * Asked after PostgreSQL's answer, as of keys: `gone-keys.ts`.
 *
 * Tests: test/foreign-keys-in-the-shadow.test.ts, simulation.
 */
import { SqlError } from "../../base/index.ts";
import { PostgresError } from "../../backend/index.ts";
import { isSame, type RelationName } from "../../catalog/index.ts";
import type { Hold } from "../hold.ts";
import { checkWholeTable } from "../shadow/foreign-keys.ts";
import { ShadowTable } from "../shadow/shadow-table.ts";
import type { KeyTaker } from "./gone-keys.ts";

/**
 * @param gone - relations from which rows are gone, or in which keys have changed
 * @returns `unknown` where the role may not look at the rows
 */
export async function leavesReferences(
  hold: Hold,
  gone: readonly RelationName[],
  { history, catalog, sequence, searchPath }: KeyTaker,
): Promise<boolean | "unknown"> {
  for (const relation of gone) {
    const table = await catalog.table(relation, searchPath);
    const isReleased = table?.foreignKeys.some(
      ({ parent, child }) => isSame(parent, table) && history.hasReleased(child.name, sequence),
    );
    if (table === undefined || isReleased !== true) continue;
    const shadowOf = async (name: RelationName): Promise<ShadowTable | undefined> => {
      const found = await catalog.table(name, searchPath);
      return found === undefined ? undefined : new ShadowTable(found);
    };
    // A key that may be checked at COMMIT may be violated until then.
    const context = { hold, hasSetConstraints: true, shadowOf };
    try {
      await checkWholeTable(context, new ShadowTable(table));
    } catch (error) {
      if (error instanceof SqlError) return true;
      if (error instanceof PostgresError && error.sqlstate === "42501") return "unknown";
      throw error;
    }
  }
  return false;
}
