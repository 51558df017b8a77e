/** The verdict on a transaction at COMMIT, and the COMMIT itself. */
import { errors } from "@dsql-local/spec";
import { type Actor, type Announced, type Commit, SqlError } from "../../base/index.ts";
import type { Settings, SettingsFound } from "../../backend/index.ts";
import type { Footprint } from "../footprint.ts";
import type { Hold } from "../hold.ts";
import type { TransactionServices } from "../services.ts";
import { checkDeferredKeys } from "./deferred-keys.ts";
import { judge } from "./judge.ts";
import { keptText } from "../history/recent-commits.ts";
import { holdsShared } from "./key-shares.ts";
import { rowsLockedUnseen } from "../rows/unseen-locks.ts";

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
  const judgeCatalog = (): void => {
    if (services.catalogVersions.conflicts(standing.catalogVersion, footprint.relations)) {
      throw SqlError.of(errors.schemaConflict);
    }
  };
  judgeCatalog();
  for (let attempt = 1; ; attempt++) {
    const unseen = footprint.hasCalledLocking ? await rowsLockedUnseen(hold, services.catalog) : [];
    const refused = (await hold.touchLocked(unseen)) ?? (await checkDeferredKeys(hold, services.catalog));
    if (refused === undefined) break;
    const meaning = await judge(services, hold, { fields: refused, attempt });
    if (meaning !== "again") throw SqlError.of(errors.dataConflict);
  }
  // From here on nothing is given up any more; what it holds, it holds until COMMIT.
  judgeCatalog();
  if (await holdsAnyShared(services, hold, footprint, standing)) throw SqlError.of(errors.dataConflict);
}

/** It has removed a row, changed its key or locked it, that another had locked FOR KEY SHARE and committed. */
async function holdsAnyShared(
  { history }: TransactionServices,
  hold: Hold,
  footprint: Footprint,
  { sequence }: Standing,
): Promise<boolean> {
  const { freedKeysOf, replacesIn, hasLockedUnseen } = footprint;
  const mayHold = (relation: string): boolean =>
    hasLockedUnseen || freedKeysOf.has(relation) || replacesIn.has(relation) || hold.hasLockedIn(relation);
  if (history.hasForgottenShares(sequence, mayHold)) return true;
  for (const share of history.keySharesSince(sequence, mayHold)) {
    const { table } = share;
    const holding = {
      locked: hold.lockedOf(table),
      hasRemoved: freedKeysOf.has(table.name),
      hasReplaced: replacesIn.has(table.name),
      hasLockedUnseen,
    };
    if (await holdsShared(hold, share, holding)) return true;
  }
  return false;
}

/** What a transaction hears that has lost before: a catalog that has changed is told of first. */
export function lossOf(services: TransactionServices, footprint: Footprint, standing: Standing): SqlError {
  const isOfCatalog = services.catalogVersions.conflicts(standing.catalogVersion, footprint.relations);
  return SqlError.of(isOfCatalog ? errors.schemaConflict : errors.dataConflict);
}

/**
 * Commits, and tells the commits to come what PostgreSQL does not: before COMMIT is sent, since PostgreSQL lets others see it
 * before its answer is here.
 *
 * @param settings - those that hold after it, as far as SET has changed them
 * @param actor - who commits, for those who lose to it
 * @returns the settings that hold where set_config() has run
 */
export async function settle(
  services: TransactionServices,
  hold: Hold,
  footprint: Footprint,
  settings: Settings,
  actor: Actor,
): Promise<SettingsFound | undefined> {
  const change = footprint.catalogChange;
  if (change !== undefined && !(await hold.hasEffects())) footprint.leaveCatalog();
  const { history, catalogVersions, commits, clock } = services;
  const announced: readonly Announced[] = [
    history.announce({
      freed: footprint.freedKeysOf,
      released: footprint.releasedIn,
      shares: hold.keyShares,
    }),
    ...(change === undefined || footprint.hasLeftCatalog
      ? []
      : [catalogVersions.announce(change.relations, change.isCreation)]),
    ...(footprint.hasEffects
      ? [commits.announce({ ...actor, atMs: clock.nowMs(), ...rememberedOf(footprint) })]
      : []),
  ];
  let isRefused = false;
  try {
    return await hold.commit(settings);
  } catch (error) {
    isRefused = error instanceof SqlError;
    throw error;
  } finally {
    for (const one of announced) {
      if (isRefused) one.takeBack();
      else one.settle();
    }
  }
}

function rememberedOf(footprint: Footprint): Omit<Commit, keyof Actor | "atMs"> {
  const { catalogChange: change, hasLeftCatalog, written, lastWrite } = footprint;
  const isCatalogChange = change !== undefined && !hasLeftCatalog;
  const relations = isCatalogChange ? change.relations : written;
  return { relations, isCatalogChange, statement: keptText(lastWrite) };
}
