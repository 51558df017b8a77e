/** The verdict on a transaction at COMMIT, and the COMMIT itself. */
import { errors } from "@dsql-local/spec";
import { SqlError } from "../../base/index.ts";
import type { Settings } from "../backend/settings.ts";
import type { Footprint } from "../footprint.ts";
import type { Hold } from "../hold.ts";
import type { TransactionServices } from "../services.ts";
import { checkDeferredKeys } from "./deferred-keys.ts";
import { judge } from "./judge.ts";
import { areHeld } from "./locked-rows.ts";

/** Where a transaction's snapshot stands among the changes of others. */
export interface Standing {
  /** The catalog as it was when the first statement came. */
  readonly catalogVersion: number;
  /** In the order of commits. */
  readonly sequence: number;
}

/**
 * @throws {SqlError} 40001 it has lost to a catalog change, to a key share, or by a row that it had locked; 23503 it violates
 *   a foreign key that is checked now
 */
export async function decide(
  services: TransactionServices,
  hold: Hold,
  footprint: Footprint,
  standing: Standing,
): Promise<void> {
  if (services.catalogVersions.conflicts(standing.catalogVersion, footprint.relations)) {
    throw SqlError.of(errors.schemaConflict);
  }
  // It removes a row, changes its key or locks it, that another had locked FOR KEY SHARE and committed.
  for (const share of services.history.keySharesSince(standing.sequence, footprint.relations)) {
    if (await areHeld(services.system, share)) throw SqlError.of(errors.dataConflict);
  }
  for (let attempt = 1; ; attempt++) {
    const refused = (await hold.touchLocked()) ?? (await checkDeferredKeys(hold, services.catalog));
    if (refused === undefined) return;
    const meaning = await judge(services, hold, { fields: refused, attempt });
    if (meaning !== "again") throw SqlError.of(errors.dataConflict);
  }
}

/**
 * Commits, and tells the commits to come what PostgreSQL does not.
 *
 * @param settings - those that hold after it, as far as SET has changed them
 * @returns the settings that hold where set_config() may have changed others
 */
export async function settle(
  services: TransactionServices,
  hold: Hold,
  footprint: Footprint,
  settings: Settings,
): Promise<Settings | undefined> {
  if (footprint.catalogChange !== undefined && !(await hold.hasEffects())) footprint.leaveCatalog();
  const shares = await hold.keyShares();
  const left = await hold.commit(settings);
  services.history.shared(shares);
  services.history.freed(footprint.freedKeysOf);
  return left;
}
