/**
 * Foreign keys whose check is put off to COMMIT are checked just before it: what PostgreSQL refuses there can still be held
 * against the transaction's snapshot, which is gone with a COMMIT that fails.
 *
 * Source: Aurora DSQL User Guide, "Concurrency control in Aurora DSQL", conflict matrix: a foreign key is no exception when it
 * is deferred.
 * Tests: conformance/isolation/foreign-key-deferred.script.
 */
import type { ErrorFieldMap } from "../../wire/index.ts";
import { PostgresError } from "../../backend/index.ts";
import type { Catalog } from "../../catalog/index.ts";
import type { Hold } from "../hold.ts";

/** @returns PostgreSQL's error, if a foreign key is violated as things are now */
export async function checkDeferredKeys(hold: Hold, catalog: Catalog): Promise<ErrorFieldMap | undefined> {
  if (hold.redo.isEmpty || !(await catalog.hasDeferrableKeys())) return undefined;
  try {
    await hold.request("SET CONSTRAINTS ALL IMMEDIATE");
    return undefined;
  } catch (error) {
    if (error instanceof PostgresError) return error.fields;
    throw error;
  }
}
