/** What an error of PostgreSQL means for a transaction: try again, lost, or the client's own. */
import type { Requester } from "../backend/request.ts";
import { isReferencedByOthersOnly } from "../catalog/foreign-key.ts";
import { whoHoldsKey } from "../catalog/unique-key.ts";
import { postgresConflict, sqlErrorOf } from "../exchange/postgres-errors.ts";
import { deadlockAttemptsMax, type Hold } from "../hold.ts";
import type { ErrorFieldMap } from "../../wire/index.ts";

/**
 * @param system - sees what is committed now
 * @param attempt - of the statement, from 1
 * @returns `again`: the statement is to be sent again; `lost`: the transaction can never commit
 * @throws {SqlError} the client's own error
 */
export async function judge(
  hold: Hold,
  system: Requester,
  fields: ErrorFieldMap,
  attempt: number,
): Promise<"again" | "lost"> {
  const sqlstate = fields.get("C");
  if (sqlstate === postgresConflict.serialization) return "lost";
  if (sqlstate === postgresConflict.deadlock && attempt < deadlockAttemptsMax) {
    return (await hold.redoFromBase()) === "done" ? "again" : "lost";
  }
  if (sqlstate === postgresConflict.uniqueKey || sqlstate === postgresConflict.foreignKey) {
    // What cannot be run again is not needed to find a row of the snapshot, or one committed since.
    if (hold.redo.isUnrepeatable) await hold.toSettings();
    else if ((await hold.redoFromBase()) === "lost") return "lost";
    const isLost =
      sqlstate === postgresConflict.uniqueKey
        ? (await whoHoldsKey(hold, system, fields)) === "another"
        : await isReferencedByOthersOnly(hold, system, fields);
    if (isLost) return "lost";
  }
  throw sqlErrorOf(fields);
}
