/** What an error of PostgreSQL means for a transaction: try again, lost, or the client's own. */
import { postgresConflict, sqlErrorOf } from "../exchange/postgres-errors.ts";
import { deadlockAttemptsMax, type Hold } from "../hold.ts";
import type { TransactionServices } from "../services.ts";
import type { ErrorFieldMap } from "../../wire/index.ts";
import { type KeyHolder, type RefusedStatement, whoHoldsKey, whoReferences } from "./key-holder.ts";

export interface Refusal {
  readonly fields: ErrorFieldMap;
  /** Of the statement, from 1. */
  readonly attempt: number;
  /** Undefined: PostgreSQL has refused it at COMMIT. */
  readonly statement?: RefusedStatement | undefined;
}

/**
 * @returns `again`: the statement is to be sent again; `lost`: the transaction can never commit; `askShadow`: it has lost
 *   unless the statement is refused in its snapshot, too
 * @throws {SqlError} the client's own error
 */
export async function judge(
  services: TransactionServices,
  hold: Hold,
  { fields, attempt, statement }: Refusal,
): Promise<"again" | "lost" | "askShadow"> {
  const sqlstate = fields.get("C");
  if (sqlstate === postgresConflict.serialization) return "lost";
  if (sqlstate === postgresConflict.deadlock && attempt < deadlockAttemptsMax) {
    return (await hold.redoFromBase()) === "done" ? "again" : "lost";
  }
  if (sqlstate === postgresConflict.uniqueKey || sqlstate === postgresConflict.foreignKey) {
    // What cannot be run again is not needed to find a row of the snapshot, or one committed since.
    if (hold.redo.isUnrepeatable) await hold.toSettings();
    else if ((await hold.redoFromBase()) === "lost") return "lost";
    const holder: KeyHolder =
      sqlstate === postgresConflict.uniqueKey
        ? await whoHoldsKey(services, hold, fields, statement)
        : await whoReferences(hold, fields, statement === undefined);
    if (holder !== "itself") return holder === "another" ? "lost" : "askShadow";
  }
  throw sqlErrorOf(fields);
}
