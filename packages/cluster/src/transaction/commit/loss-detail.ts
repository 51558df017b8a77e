/**
 * Why a transaction has lost, as the DETAIL of its 40001. The service sends none, so it is sent only where the cluster was told to
 * (`explainConflicts`); it has keys of rows and statements in it, which are the client's own data.
 */
import type { Actor, Commit, Loss } from "../../base/index.ts";

export function lossDetail(loss: Omit<Loss, keyof Actor>): string {
  const { occ, isInjected, committed } = loss;
  if (isInjected) return "A fault on demand.";
  const [first] = committed;
  const where = placeOf(loss);
  if (first === undefined) return `Lost${where}.`;
  const certainty =
    committed.length === 1
      ? "committed first"
      : `is one of ${committed.length} that may have committed first`;
  const what = occ === "OC001" ? "Lost to a change of the catalog" : "Lost";
  return `${what}${where}: ${whoIs(first)} ${certainty}: ${first.statement.replace(/\s+/g, " ").trim()}`;
}

function placeOf({ relation, rows }: Omit<Loss, keyof Actor>): string {
  if (relation === undefined) return "";
  const keys = rows?.map((row) =>
    Object.entries(row)
      .map(([column, value]) => `${column}=${value}`)
      .join(", "),
  );
  return ` on ${relation}${keys === undefined ? "" : ` (${keys.join("), (")})`}`;
}

function whoIs({ applicationName, role, sessionId }: Commit): string {
  return `${applicationName === "" ? role : `${applicationName} (${role})`}, session ${sessionId},`;
}
