/**
 * The cluster's own roles are not there for clients: a statement that names one hears that it does not exist, whatever
 * PostgreSQL would say of it.
 *
 * Tests: ../../test/attack/superuser.test.ts.
 */
import type { Node } from "libpg-query";
import { hiddenRoles, SqlError } from "../base/index.ts";

/** Cheap and sure for the statements that name nothing of this. */
const mayNameRole = new RegExp(hiddenRoles.join("|"), "i");
const hidden: ReadonlySet<unknown> = new Set(hiddenRoles);

/** @throws {SqlError} 42704 */
export function refuseHiddenRoles(node: Node, text: string): void {
  if (!mayNameRole.test(text)) return;
  const named = nameIn(node);
  if (named === undefined) return;
  throw new SqlError({ sqlstate: "42704", message: `role "${named}" does not exist` });
}

/** Where a role is named; the list of GRANT has roles and privileges alike. */
function nameIn(tree: unknown): string | undefined {
  if (typeof tree !== "object" || tree === null) return undefined;
  for (const [field, child] of Object.entries(tree)) {
    if ((field === "rolename" || field === "priv_name") && hidden.has(child)) return String(child);
    const named = nameIn(child);
    if (named !== undefined) return named;
  }
  return undefined;
}
